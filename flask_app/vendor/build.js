// Bundles what the pages take of npm's libraries to static/vendor, one module each, with the libraries' licences.

import { mkdir, readFile, readdir, writeFile } from "node:fs/promises";

import { build } from "esbuild";

const TARGET = "flask_app/static/vendor";
const ENTRIES = ["vendor/uppy.js", "vendor/chart.js"];

const { metafile } = await build({
  entryPoints: ENTRIES,
  outdir: TARGET,
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2022",
  legalComments: "none",
  metafile: true,
});

const used = Object.values(metafile.outputs).flatMap(({ inputs }) => Object.keys(inputs));
const folders = used.map((path) => path.match(/^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//)?.[1]).filter(Boolean);

async function licence(folder) {
  const { name, version, license } = JSON.parse(await readFile(`${folder}/package.json`, "utf8"));
  const file = (await readdir(folder)).find((entry) => /^licen[cs]e/i.test(entry));
  const text = file ? await readFile(`${folder}/${file}`, "utf8") : `Licence: ${license}\n`;
  return `${name} ${version}\n\n${text.trim()}\n`;
}

await mkdir(TARGET, { recursive: true });
const texts = await Promise.all([...new Set(folders)].sort().map(licence));
await writeFile(`${TARGET}/LICENCES.txt`, texts.join(`\n${"-".repeat(80)}\n\n`));
