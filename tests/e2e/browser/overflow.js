// What stands out of the page sideways: nothing, or the elements that do.
const page = document.scrollingElement;
if (page.scrollWidth <= page.clientWidth) return [];
const culprits = [...document.body.querySelectorAll("*")].filter((element) => {
  const box = element.getBoundingClientRect();
  const isOut = box.right > page.clientWidth + 0.5 || box.left < -0.5;
  return box.width > 0 && (isOut || element.scrollWidth > element.clientWidth + 1);
});
const name = (element) => `${element.tagName.toLowerCase()}.${element.className}`;
return [`${page.scrollWidth} wide in ${page.clientWidth}`, ...culprits.map(name)];
