// Where somebody goes who has signed in: back to the page that sent them, if it is one of ours.

const MOST = 2_048;
const LOOPBACK = /^(?:localhost|.+\.localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;

/**
 * The address in `?return_to=`, where a page of ours is there: parsed as browsers parse a link, without credentials, of an
 * origin that the server named. Everything else leads to the account's page.
 *
 * `origins` are those origins, with a space between two; `loopback` is ours where it is on this machine, all of whose names are
 * ours at that port.
 */
export function destination({ origin, search }, { origins = "", loopback }) {
  const account = new URL("/account/", origin);
  const [wanted, ...others] = new URLSearchParams(search).getAll("return_to");
  if (wanted === undefined || others.length || [...wanted].length > MOST || !URL.canParse(wanted, origin)) return account.href;
  const url = new URL(wanted, origin);
  const isWeb = ["http:", "https:"].includes(url.protocol);
  const isOurs = url.origin === origin || origins.split(" ").includes(url.origin) || isSameMachine(url, loopback);
  const isHere = url.origin === origin && url.pathname === "/";
  return isWeb && isOurs && !isHere && !url.username && !url.password ? url.href : account.href;
}

function isSameMachine(url, loopback) {
  if (!loopback) return false;
  const own = new URL(loopback);
  return url.protocol === own.protocol && url.port === own.port && LOOPBACK.test(url.hostname);
}
