/* The brand mark as a picture for home screens: four bricks on paper, drawn straight into a PNG. */
import { crc32, deflateSync } from "node:zlib";

const PAPER = [244, 247, 247];
const WATER = [10, 79, 120];
const RAPESEED = [255, 213, 48];
/* x, y, width, height in a square of 64, and the colour */
const BRICKS = [
  [10, 33, 20, 13, WATER],
  [32, 33, 22, 13, WATER],
  [10, 18, 10, 13, WATER],
  [22, 18, 22, 13, RAPESEED],
];

function colourAt(x, y) {
  const brick = BRICKS.find(([left, top, width, height]) => x >= left && x < left + width && y >= top && y < top + height);
  return brick ? brick[4] : PAPER;
}

function chunk(type, data) {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const frame = Buffer.alloc(body.length + 8);
  frame.writeUInt32BE(data.length, 0);
  body.copy(frame, 4);
  frame.writeUInt32BE(crc32(body), body.length + 4);
  return frame;
}

/** A square PNG of `size` pixels. */
export function png(size) {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(size, 0);
  header.writeUInt32BE(size, 4);
  header.set([8, 2, 0, 0, 0], 8); /* 8 bits a channel, red green blue */
  const scale = 64 / size;
  const rows = Array.from({ length: size }, (_, y) =>
    Buffer.from([0, ...Array.from({ length: size }, (_, x) => colourAt((x + 0.5) * scale, (y + 0.5) * scale)).flat()]));
  const signature = Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]);
  return Buffer.concat([signature, chunk("IHDR", header), chunk("IDAT", deflateSync(Buffer.concat(rows), { level: 9 })), chunk("IEND", Buffer.alloc(0))]);
}
