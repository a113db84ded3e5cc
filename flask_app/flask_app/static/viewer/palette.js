// The viewer's colours: of the defects' outlines by class, of the heat map, and the picture's tones.

/** The first system's green: the outlines of a model that knows one class, or when classes are not told apart. */
const GREEN = "#14ff39";
export const SELECTED = "#ffffff";

// M. Okabe and K. Ito, 'Color Universal Design' (2008), without the dark ones, which a steel sheet swallows
const COLOURS = ["#e69f00", "#56b4e9", "#f0e442", "#cc79a7", "#00c08b", "#ff7a33"];
// lengths of line and gap, in px of the screen; no two neighbours among the classes share colour or line
const LINES = [
  { name: "solid", dash: [] },
  { name: "dashed", dash: [9, 5] },
  { name: "dotted", dash: [2, 4] },
  { name: "dash-dot", dash: [10, 4, 2, 4] },
];

/** Return how the outline of a class is drawn: {colour, name, dash}. */
export function styleOf(index, byClass) {
  const line = LINES[index % LINES.length];
  return byClass ? { ...line, colour: COLOURS[index % COLOURS.length] } : { ...LINES[0], colour: GREEN };
}

// matplotlib's inferno by S. van der Walt and N. Smith, CC0: perceptually uniform, red, green and blue of 256 steps
const INFERNO =
  "00000401000501010601010802010a02020c02020e03021004031204031405041706041907051b08051d09061f0a0722" +
  "0b07240c08260d08290e092b10092d110a30120a32140b34150b37160b39180c3c190c3e1b0c411c0c431e0c451f0c48" +
  "210c4a230c4c240c4f260c51280b53290b552b0b572d0b592f0a5b310a5c320a5e340a5f3609613809623909633b0964" +
  "3d09653e0966400a67420a68440a68450a69470b6a490b6a4a0c6b4c0c6b4d0d6c4f0d6c510e6c520e6d540f6d550f6d" +
  "57106e59106e5a116e5c126e5d126e5f136e61136e62146e64156e65156e67166e69166e6a176e6c186e6d186e6f196e" +
  "71196e721a6e741a6e751b6e771c6d781c6d7a1d6d7c1d6d7d1e6d7f1e6c801f6c82206c84206b85216b87216b88226a" +
  "8a226a8c23698d23698f24699025689225689326679526679727669827669a28659b29649d29649f2a63a02a63a22b62" +
  "a32c61a52c60a62d60a82e5fa92e5eab2f5ead305dae305cb0315bb1325ab3325ab43359b63458b73557b93556ba3655" +
  "bc3754bd3853bf3952c03a51c13a50c33b4fc43c4ec63d4dc73e4cc83f4bca404acb4149cc4248ce4347cf4446d04545" +
  "d24644d34743d44842d54a41d74b3fd84c3ed94d3dda4e3cdb503bdd513ade5238df5337e05536e15635e25734e35933" +
  "e45a31e55c30e65d2fe75e2ee8602de9612bea632aeb6429eb6628ec6726ed6925ee6a24ef6c23ef6e21f06f20f1711f" +
  "f1731df2741cf3761bf37819f47918f57b17f57d15f67e14f68013f78212f78410f8850ff8870ef8890cf98b0bf98c0a" +
  "f98e09fa9008fa9207fa9407fb9606fb9706fb9906fb9b06fb9d07fc9f07fca108fca309fca50afca60cfca80dfcaa0f" +
  "fcac11fcae12fcb014fcb216fcb418fbb61afbb81dfbba1ffbbc21fbbe23fac026fac228fac42afac62df9c72ff9c932" +
  "f9cb35f8cd37f8cf3af7d13df7d340f6d543f6d746f5d949f5db4cf4dd4ff4df53f4e156f3e35af3e55df2e661f2e865" +
  "f2ea69f1ec6df1ed71f1ef75f1f179f2f27df2f482f3f586f3f68af4f88ef5f992f6fa96f8fb9af9fc9dfafda1fcffa4";

/** Return red, green and blue of the heat map's colour for an 8-bit value. */
export const heatColour = (value) =>
  [0, 2, 4].map((at) => Number.parseInt(INFERNO.slice(6 * value + at, 6 * value + at + 2), 16));

/** Return the heat map of an 8-bit map as ImageData. */
export function heatPicture({ width, height, data }) {
  const colours = Uint32Array.from({ length: 256 }, (_, value) => packed(heatColour(value)));
  const pixels = new Uint32Array(data.length);
  for (let at = 0; at < data.length; at++) pixels[at] = colours[data[at]];
  return new ImageData(new Uint8ClampedArray(pixels.buffer), width, height);
}

// as canvases keep it on every machine that browsers run on: little endian, opaque
const packed = ([red, green, blue]) => red | (green << 8) | (blue << 16) | (255 << 24);

/**
 * Return what each 8-bit value of the picture becomes. Brightness and contrast are within -100 to 100, gamma is
 * positive; 0, 0 and 1 leave the picture as it is.
 */
export function toneTable({ brightness, contrast, gamma }) {
  const steepness = 4 ** (contrast / 100);
  return Uint8ClampedArray.from(
    { length: 256 },
    (_, value) => 255 * (((value / 255) ** (1 / gamma) - 0.5) * steepness + 0.5 + brightness / 100),
  );
}

/** Write the pixels of an ImageData anew, through a tone table. */
export function applyTones({ data }, table) {
  for (let at = 0; at < data.length; at += 4) {
    data[at] = table[data[at]];
    data[at + 1] = table[data[at + 1]];
    data[at + 2] = table[data[at + 2]];
  }
}
