/* latchkey-client, Apache-2.0 */
