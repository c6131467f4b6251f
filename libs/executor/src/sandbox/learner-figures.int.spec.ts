import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { eventually } from '@palimpsest/test-support';
import { MOST_FIGURE_BYTES, MOST_FIGURES } from './hint-pipe.js';
import { MOST_PNG_BYTES } from './png.js';
import { prepareFonts } from './sandbox.js';
import { createSandboxFixture, type SandboxFixture } from './sandbox-fixture.js';

let fixture: SandboxFixture;
beforeAll(async () => {
  fixture = await createSandboxFixture();
  await prepareFonts(fixture.sandbox);
}, 120_000);
afterAll(async () => fixture.dispose());

const PLOT = 'import matplotlib.pyplot as plt\n';
const sizes = (figures: readonly { width: number; height: number }[]) => figures.map((one) => [one.width, one.height]);

describe('a plot', () => {
  test('of plt.show() comes as a PNG, and its windows count as closed', async () => {
    const source = `${PLOT}plt.figure(figsize=(3, 2), dpi=100)\nplt.plot([1, 4, 9])\nplt.show()\nprint("open:", plt.get_fignums())\n`;
    const trial = await fixture.run(source);
    await trial.finished();
    expect(sizes(trial.figures)).toEqual([[300, 200]]);
    expect(trial.output).toContain('open: []');
    expect(trial.errors).toEqual([]);
  });

  test('that was never shown comes at the end, once; one without anything in it does not', async () => {
    const source = `${PLOT}fig, ax = plt.subplots(figsize=(3, 2), dpi=100)\nax.bar([1, 2], [3, 4])\nplt.figure()\n`;
    const trial = await fixture.run(source);
    await trial.finished();
    expect(sizes(trial.figures)).toEqual([[300, 200]]);
  });

  test('comes also when the program ends with an error or sys.exit()', async () => {
    for (const end of ['1 / 0', 'raise SystemExit(3)']) {
      const trial = await fixture.run(`${PLOT}plt.plot([1, 2])\n${end}\n`);
      await trial.finished();
      expect(trial.figures).toHaveLength(1);
    }
  });

  test('of the console comes at the next prompt', async () => {
    const trial = await fixture.run(PLOT);
    await trial.console();
    expect(trial.figures).toEqual([]);
    trial.session.write('lines = plt.plot([1, 2])\r');
    await eventually(() => trial.figures.length === 1, 'the plot at the prompt', 20_000);
    trial.session.write('plt.show()\r');
    await eventually(() => trial.figures.length === 2, 'the plot that is shown', 20_000);
    trial.session.write('print(6 * 7)\r');
    await trial.shows('\n42\n');
    await trial.finished();
    expect(trial.figures).toHaveLength(2);
  });

  test('of pandas and of figure.show() comes, too; savefig() is the program’s own', async () => {
    const source = `${PLOT}import pandas as pd
pd.Series([1, 2, 3]).plot()
plt.savefig("mine.png")
plt.gcf().show()
plt.close("all")
import os
print("saved", os.path.getsize("mine.png") > 1000)
`;
    const trial = await fixture.run(source);
    await trial.finished();
    expect(trial.output).toContain('saved True');
    expect(trial.figures).toHaveLength(1);
  });

  test('is made smaller when it would be too large to show', async () => {
    const trial = await fixture.run(`${PLOT}plt.figure(figsize=(100, 5), dpi=300)\nplt.plot([1, 2])\nplt.show()\n`);
    await trial.finished();
    const [figure] = trial.figures;
    expect(figure?.width).toBeGreaterThan(3000);
    expect((figure?.width ?? 0) * (figure?.height ?? 0)).toBeLessThan(8_500_000);
  });

  test(`comes ${MOST_FIGURES} times, and the next is said to be left out`, async () => {
    const source = `${PLOT}for i in range(${MOST_FIGURES + 2}):\n    plt.figure(figsize=(1, 1))\n    plt.plot([i])\n    plt.show()\n`;
    const trial = await fixture.run(source);
    await trial.finished();
    expect(trial.figures).toHaveLength(MOST_FIGURES);
    expect(trial.output.match(/Only the first 20 figures/g)).toHaveLength(1);
  });

  test('that is too large as a file is said to be left out', async () => {
    const source = `${PLOT}import numpy\nplt.figure(figsize=(16, 16), dpi=100)\nplt.imshow(numpy.random.randint(0, 255, (900, 900, 3), dtype=numpy.uint8), interpolation="nearest")\nplt.show()\n`;
    const trial = await fixture.run(source);
    await trial.finished();
    expect(trial.figures).toEqual([]);
    expect(trial.output).toContain('A figure is not shown');
  });

  test('leaves nothing in the workspace', async () => {
    const trial = await fixture.run(`${PLOT}import os\nplt.plot([1])\nplt.show()\nprint(sorted(os.listdir(".")))\n`);
    await trial.finished();
    expect(trial.output).toContain("['main.py']");
  });

  test('that the program forges itself is taken only as a whole PNG, up to the cap of bytes', async () => {
    const source = `import base64, os, struct, zlib
def chunk(kind, data): return struct.pack('>I', len(data)) + kind + data + struct.pack('>I', zlib.crc32(kind + data))
def png(width, height, size): return b'\\x89PNG\\r\\n\\x1a\\n' + chunk(b'IHDR', struct.pack('>IIBBBBB', width, height, 8, 0, 0, 0, 0)) + chunk(b'IDAT', b'x' * size) + chunk(b'IEND', b'')
def send(data):
    data = b'figure ' + base64.b64encode(data) + b'\\n'
    while data: data = data[os.write(8, data):]
send(png(1, 1, 10) + b'<script>')
send(png(5000, 1, 10))
send(png(0, 1, 10))
send(b'<svg/>')
for _ in range(9): send(png(7, 7, ${MOST_PNG_BYTES - 100}))
`;
    const trial = await fixture.run(source);
    await trial.finished();
    expect(sizes(trial.figures)).toEqual(
      Array.from({ length: Math.floor(MOST_FIGURE_BYTES / MOST_PNG_BYTES) }, () => [7, 7]),
    );
  });

  test('finds its list of fonts ready', async () => {
    expect(await readdir(join(fixture.sandbox.files, 'fonts'))).toEqual([expect.stringMatching(/^fontlist.*\.json$/)]);
    const source = `import logging
logging.basicConfig(level=logging.INFO)
import matplotlib.font_manager
print("imported")
`;
    const trial = await fixture.run(source);
    await trial.finished();
    expect(trial.output).toContain('imported');
    expect(trial.output).not.toContain('generated new fontManager');
  });
});

describe('without a screen', () => {
  test.each([
    ['import matplotlib\nimport matplotlib.pyplot as plt\nmatplotlib.use("TkAgg")\nplt.figure()\n'],
    ['import tkinter\ntkinter.Tk()\n'],
  ])('%j is explained', async (source) => {
    const trial = await fixture.run(source);
    await trial.finished();
    expect(trial.errors[0]?.explanation?.id).toBe('no-display');
  });
});
