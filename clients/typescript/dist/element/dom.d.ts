type Attributes = {
    readonly [name: string]: string | boolean | null | undefined;
};
/** An element with attributes and children, without markup in strings: a page's policy may forbid that. */
export declare function h<Tag extends keyof HTMLElementTagNameMap>(tag: Tag, attributes?: Attributes, ...children: readonly (Node | string)[]): HTMLElementTagNameMap[Tag];
/** A sentence with one of its `{places}` taken by a node. */
export declare function sentence(text: string, place: string, node: Node): readonly (Node | string)[];
/** Off for clicks, and still reachable by keyboard: a button that goes off must not throw away the focus. */
export declare function enable(button: HTMLButtonElement, on: boolean): void;
export declare function isOn(button: HTMLButtonElement): boolean;
export {};
