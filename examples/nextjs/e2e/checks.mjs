/* What holds in every state of every page, on a light and on a dark screen. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { screenshot } from "./browser.mjs";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** Fails if axe finds anything, an edge can hardly be seen, or the page is wider than the screen. Takes pictures. */
export async function looksRight(page, state) {
  await page.evaluate(() => document.fonts.ready);
  for (const colorScheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    const where = `${state}, ${colorScheme}`;
    assert.deepEqual(await axeFindings(page), [], where);
    assert.deepEqual(await page.evaluate(faintEdges), [], where);
    const sideways = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assert.ok(sideways <= 0, `${where}: ${sideways} px too wide`);
    await screenshot(page, `${state}-${page.viewportSize().width}-${colorScheme}`);
  }
  await page.emulateMedia({ colorScheme: null, reducedMotion: null });
}

async function axeFindings(page) {
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(() => window.axe.run({ resultTypes: ["violations"] }));
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(" | ")}`);
}

/** Returns the controls whose border and filling have a contrast of less than 3:1 to what is around them. */
function faintEdges() {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });

  function rgba(color) {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
    return canvas.getImageData(0, 0, 1, 1).data;
  }

  function luminance(color) {
    const [r, g, b] = [...rgba(color)].slice(0, 3).map((value) => {
      const part = value / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  }

  function contrast(one, other) {
    const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b);
    return (light + 0.05) / (dark + 0.05);
  }

  function behind(element) {
    for (let it = element.parentElement; it; it = it.parentElement) {
      const { backgroundColor } = getComputedStyle(it);
      if (rgba(backgroundColor)[3] === 255) return backgroundColor;
    }
    return "white";
  }

  const faint = [];
  for (const element of document.querySelectorAll("button, input, textarea, select, dialog, kbd, .filter span, .problem")) {
    const { backgroundColor, borderTopColor, borderTopWidth, opacity } = getComputedStyle(element);
    if (!element.checkVisibility() || opacity === "0") continue;
    const drawn = [borderTopWidth !== "0px" && borderTopColor, backgroundColor].filter((it) => it && rgba(it)[3] === 255);
    const best = Math.max(...drawn.map((color) => contrast(color, behind(element))));
    // Nothing drawn: the text alone is the control, and axe checks that.
    if (drawn.length > 0 && best < 3) faint.push(`${element.outerHTML.slice(0, 80)}: ${best.toFixed(2)}`);
  }
  return faint;
}
