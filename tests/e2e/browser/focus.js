// Where the focus is among everything that keys should reach, and whether one can see it.
const isReachable = (element) =>
  !element.matches(":disabled") &&
  element.tabIndex >= 0 &&
  element.checkVisibility({ visibilityProperty: true }) &&
  isFirstOfItsGroup(element);
// Keys enter a group of radio buttons once, and arrows walk within it.
const isFirstOfItsGroup = (element) => {
  if (element.type !== "radio") return true;
  const group = [...element.form.elements[element.name]];
  return element === (group.find((radio) => radio.checked) ?? group[0]);
};
const selector = "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex]";
const reachable = [...document.querySelectorAll(selector)].filter(isReachable);
const here = document.activeElement;
const around = [here, here.closest("label"), here.closest("li")].filter(Boolean);
const isRinged = around.some((element) => {
  const style = getComputedStyle(element);
  return style.outlineStyle === "solid" && parseFloat(style.outlineWidth) >= 2;
});
const box = here.getBoundingClientRect();
const isInView = box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth;
return {
  all: reachable.map((element) => element.outerHTML.slice(0, 100)),
  here: reachable.indexOf(here),
  element: here.outerHTML.slice(0, 100),
  isSeen: isRinged && isInView,
};
