// Text that is too faint to read (WCAG 2.2, 1.4.3) and fields whose edge is (1.4.11).
const parse = (text) => {
  const [r, g, b, a = 1] = text.match(/[\d.]+/g).map(Number);
  return { r, g, b, a };
};
const over = (top, below) => {
  const mix = (channel) => top[channel] * top.a + below[channel] * (1 - top.a);
  return { r: mix("r"), g: mix("g"), b: mix("b"), a: 1 };
};
const light = ({ r, g, b }) => {
  const [x, y, z] = [r, g, b].map((value) => {
    const part = value / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * x + 0.7152 * y + 0.0722 * z;
};
const ratio = (one, other) => {
  const [high, low] = [light(one), light(other)].sort((x, y) => y - x);
  return (high + 0.05) / (low + 0.05);
};
const dark = matchMedia("(prefers-color-scheme: dark)").matches;
const canvas = dark ? { r: 18, g: 18, b: 18, a: 1 } : { r: 255, g: 255, b: 255, a: 1 };
const ground = (element) => {
  if (!element) return canvas;
  const own = parse(getComputedStyle(element).backgroundColor);
  return own.a === 1 ? own : over(own, ground(element.parentElement));
};
const isInactive = (element) => element.closest(":disabled, fieldset:disabled") !== null;
const visible = { visibilityProperty: true };

const faults = [];
const told = (what, element, found) => {
  const text = element.textContent.trim().slice(0, 40);
  faults.push(`${what} ${found.toFixed(2)}: ${element.tagName}.${element.className} "${text}"`);
};
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
const elements = new Set(document.querySelectorAll("input, select"));
while (walker.nextNode()) {
  if (walker.currentNode.data.trim()) elements.add(walker.currentNode.parentElement);
}
for (const element of elements) {
  if (!element.checkVisibility(visible) || isInactive(element)) continue;
  const style = getComputedStyle(element);
  const points = parseFloat(style.fontSize) * 0.75;
  const isLarge = points >= 18 || (points >= 14 && Number(style.fontWeight) >= 700);
  const found = ratio(over(parse(style.color), ground(element)), ground(element));
  if (found < (isLarge ? 3 : 4.5)) told("text", element, found);
  const isField = element.matches("select, input:not([type]), input[type=password]") && !element.readOnly;
  const edge = isField ? ratio(parse(style.borderTopColor), ground(element.parentElement)) : 21;
  if (edge < 3) told("edge", element, edge);
}
return faults;
