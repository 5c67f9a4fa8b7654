/* Builds static/built from these sources: `npm ci && node build.mjs` (or `make assets`).
 *
 * Every file gets its content's hash in its name, so it may be cached for ever; manifest.json says which name is which.
 * Beside each text file lie its .br and .gz, so that no server has to compress. The same sources give the same bytes.
 *
 * css/theme.css is generated too, but only when the palette changes, because its tool is heavy:
 *   npx @digdir/designsystemet@1.15.0 tokens create --config css/theme.json
 *   npx @digdir/designsystemet@1.15.0 tokens build -t design-tokens -o OUT     then OUT/sommar.css -> css/theme.css
 */
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { buildSync } from "esbuild";
import { bundle, transform } from "lightningcss";
import { png } from "./png.mjs";

const SOURCE = dirname(fileURLToPath(import.meta.url));
const BUILT = join(SOURCE, "..", "built");
const TEXT = new Set([".css", ".js", ".svg"]);
const TARGETS = { chrome: 105 << 16, firefox: 110 << 16, safari: 16 << 16 };
/* Attributes of Designsystemet that our pages never carry, and the languages they are never in. */
const ABSENT = { "data-size": /./, "data-color": /^(accent|raps|lov)$/, "data-color-scheme": /^(dark|light)$/ };
const FOREIGN = new Set(["nb", "nn", "no"]);
const NOTICE = "/*! Holds parts of Designsystemet (MIT). The licences of all parts stand beside the sources, in static/src. */\n";
const ALTCHA = "/*! Holds the solver of altcha-lib (MIT), Daniel Regeci and contributors; the licence stands beside the sources, in static/src/js. */";
const manifest = {};

const source = (path) => readFileSync(join(SOURCE, path));

/** Writes `bytes` under its hashed name, with its compressed twins, and remembers the name. */
function publish(name, bytes) {
  const content = Buffer.from(bytes);
  const extension = extname(name);
  const hash = createHash("sha256").update(content).digest("hex").slice(0, 10);
  const hashed = `${basename(name, extension)}-${hash}${extension}`;
  writeFileSync(join(BUILT, hashed), content);
  if (TEXT.has(extension)) {
    const quality = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: content.length };
    writeFileSync(join(BUILT, `${hashed}.br`), brotliCompressSync(content, { params: quality }));
    writeFileSync(join(BUILT, `${hashed}.gz`), gzipSync(content, { level: 9 }));
  }
  manifest[name] = hashed;
}

/** Fonts become their hashed names; a small drawing is carried inside the stylesheet. */
function locate(url) {
  const name = basename(url.url);
  if (manifest[name]) return { ...url, url: manifest[name] };
  if (extname(name) !== ".svg" || url.url.startsWith("data:")) return url;
  return { ...url, url: `data:image/svg+xml,${encodeURIComponent(source(`drawings/${name}`).toString().trim())}` };
}

/** Drops custom properties that are set but read in none of the sheets, until nothing more falls away. */
function withoutUnreadProperties(sheets) {
  const read = new Set();
  const remember = { Variable: ({ name }) => void read.add(name.ident) };
  for (const code of sheets) transform({ filename: "read.css", code, visitor: remember });
  const custom = (property) => (property.name.startsWith("--") && !read.has(property.name) ? [] : undefined);
  const lighter = sheets.map((code) => transform({ filename: "lighter.css", code, minify: true, visitor: { Declaration: { custom } } }).code);
  return lighter.every((code, index) => code.length === sheets[index].length) ? sheets : withoutUnreadProperties(lighter);
}

function isAbsent(part) {
  if (part.type === "attribute") return Boolean(ABSENT[part.name]?.test(part.operation?.value ?? "any"));
  return part.type === "pseudo-class" && part.kind === "lang" && part.languages.some((language) => FOREIGN.has(language));
}

/** Drops a selector that matches nothing of ours. */
const dropAbsent = (selector) => (selector.some(isAbsent) ? [] : undefined);

/** Our stylesheets, by file name: bundled and minified, without what no page of ours can use. */
function stylesheets(...names) {
  const visitor = { Url: locate, Selector: dropAbsent };
  const bundled = names.map((name) =>
    bundle({ filename: join(SOURCE, "css", name), minify: true, targets: TARGETS, errorRecovery: true, visitor }).code);
  const sheets = withoutUnreadProperties(bundled);
  names.forEach((name, index) => publish(name, NOTICE + sheets[index].toString()));
}

/** Our script with what it takes from packages, minified. */
function script(name) {
  const options = { bundle: true, minify: true, write: false, format: "esm", target: "es2022", legalComments: "none" };
  const { outputFiles } = buildSync({ ...options, entryPoints: [join(SOURCE, "js", name)], banner: { js: ALTCHA } });
  publish(name, outputFiles[0].contents);
}

rmSync(BUILT, { recursive: true, force: true });
mkdirSync(BUILT, { recursive: true });
for (const font of readdirSync(join(SOURCE, "fonts")).filter((name) => name.endsWith(".woff2"))) publish(font, source(`fonts/${font}`));
stylesheets("public.css", "staff.css");
publish("htmx.js", source("node_modules/htmx.org/dist/htmx.min.js"));
publish("draw.js", source("js/draw.js"));
script("proof.js");
publish("favicon.svg", source("drawings/favicon.svg"));
publish("touch-icon.png", png(180));
writeFileSync(join(BUILT, "manifest.json"), `${JSON.stringify(manifest, null, 2)}\n`);
