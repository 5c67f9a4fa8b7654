/* Runs a published draw again in the reader's browser and says whether every line agrees.
 *
 * The same rule as iclei_events/services/drawing.py and draw_file.py, written a second time on purpose: whoever reads
 * either can check the other. Nothing leaves the browser, and nothing is fetched but the published file.
 */

const FORMAT = "iclei-events-draw-1";
const utf8 = new TextEncoder();

/** Bytes as small hexadecimal digits. */
const hex = (bytes) => Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, "0")).join("");

const sha256 = async (text) => hex(await crypto.subtle.digest("SHA-256", utf8.encode(text)));

/** JSON with keys in alphabetical order and no white space: the text that was hashed. */
export function canonical(value) {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  return `{${Object.keys(value).sort().map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`).join(",")}}`;
}

/** Puts entries in the order of their HMAC-SHA256 under the seed, the smallest first. */
async function inOrder(entries, seed) {
  const bytes = Uint8Array.from(seed.match(/../g), (pair) => Number.parseInt(pair, 16));
  const key = await crypto.subtle.importKey("raw", bytes, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  const mark = async (entry) => hex(await crypto.subtle.sign("HMAC", key, utf8.encode(entry.pseudonym)));
  const marked = await Promise.all(entries.map(async (entry) => ({ entry, by: `${await mark(entry)}${entry.pseudonym}` })));
  return marked.sort((one, other) => (one.by < other.by ? -1 : 1)).map(({ entry }) => entry);
}

/** Draws: each entry in the drawn order gets its best wish that has room for the whole party. */
export async function drawLots(file) {
  const withdrawn = new Set(file.withdrawn);
  const left = new Map(Object.entries(file.list.places));
  for (const slot of file.called_off) left.set(slot, 0);
  const taking = file.list.entries.filter((entry) => !withdrawn.has(entry.pseudonym));
  return (await inOrder(taking, file.seed)).map((entry, index) => {
    const got = entry.wishes.find((slot) => (left.get(slot) ?? 0) >= entry.size) ?? null;
    if (got !== null) left.set(got, left.get(got) - entry.size);
    return { position: index + 1, pseudonym: entry.pseudonym, got };
  });
}

/** Finds what does not agree with the rule: kinds of faults, and the result that the rule gives for each code. */
export async function check(file) {
  if (file.format !== FORMAT) throw new TypeError(`the form is ${file.format}, not ${FORMAT}`);
  const faults = [];
  if ((await sha256(canonical(file.list))) !== file.list_sha256) faults.push("list");
  if ((await sha256(file.secret)) !== file.secret_sha256) faults.push("secret");
  if ((await sha256(file.secret + file.public_value)) !== file.seed) faults.push("seed");
  const codes = new Set(file.list.entries.map((entry) => entry.pseudonym));
  const isNamed = file.withdrawn.every((code) => codes.has(code)) && file.called_off.every((slot) => Object.hasOwn(file.list.places, slot));
  if (codes.size !== file.list.entries.length || !isNamed) faults.push("codes");
  const lots = await drawLots(file);
  const wrong = lots.filter((lot, index) => canonical(lot) !== canonical(file.result[index] ?? null)).length;
  const missing = Math.max(0, file.result.length - lots.length);
  if (wrong + missing) faults.push("results");
  return { faults, lots, wrong: wrong + missing };
}

/** Writes a paragraph into the status, so that it is read out as well as seen. */
function say(status, ...sentences) {
  status.replaceChildren(...sentences.map((sentence) => Object.assign(document.createElement("p"), { textContent: sentence })));
}

/** Says beside each line of the page's table whether the published line is the one that was just drawn. */
function markRows(file, lots, words) {
  const drawn = new Map(lots.map((lot) => [lot.pseudonym, canonical(lot)]));
  const published = new Map(file.result.map((lot) => [lot.pseudonym, canonical(lot)]));
  document.querySelectorAll("[data-check-heading]").forEach((heading) => { heading.hidden = false; });
  document.querySelectorAll("[data-check]").forEach((cell) => {
    const code = cell.dataset.check;
    cell.textContent = drawn.has(code) && drawn.get(code) === published.get(code) ? words.rowAgrees : words.rowDiffers;
    cell.hidden = false;
  });
}

async function run(place, status) {
  const words = place.dataset;
  say(status, words.working);
  let file;
  try {
    file = await (await fetch(words.drawFile, { credentials: "omit" })).json();
  } catch {
    say(status, words.unread);
    return;
  }
  try {
    const { faults, lots, wrong } = await check(file);
    const named = (fault) => words[`fault${fault[0].toUpperCase()}${fault.slice(1)}`].replaceAll("#", wrong);
    if (faults.length) say(status, words.differs, ...faults.map(named));
    else say(status, words.agrees.replaceAll("#", lots.length));
    markRows(file, lots, words);
  } catch (error) {
    say(status, words.differs, String(error.message ?? error));
  }
}

const place = globalThis.document?.querySelector("[data-draw-file]");
if (place) {
  const status = place.querySelector("[role=status]");
  const button = place.querySelector("button");
  if (globalThis.crypto?.subtle) {
    button.closest("[hidden]").hidden = false;
    button.addEventListener("click", () => run(place, status));
  } else say(status, place.dataset.unavailable);
}
