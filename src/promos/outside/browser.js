// Run by browser.py in the page to be looked at, from outside: the page's own scripts are off.
// Nothing in the document is changed, so that no selector can tell that somebody looks.
([lines, wanted]) => {
  const UNREAD = new Set(["SCRIPT", "STYLE", "TEMPLATE", "TITLE", "TEXTAREA"]);
  const NEAR = 15; // lines above and below that say where a line is to be looked for
  const READ = 60; // letters of a label that have to be seen
  const LEAST = 10, FAINT = 0.6; // pixels and opacity that styles.py draws the line at as well
  const letters = (text) => text.normalize("NFKD").toLowerCase().replace(/[^\p{L}\p{N}]/gu, "");

  // All letters of the page, and where each stands.
  const nodes = [], owner = [], offset = [], parts = [];
  const walker = document.createTreeWalker(document, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    if (!node.parentElement || UNREAD.has(node.parentElement.tagName)) continue;
    nodes.push(node);
    let at = 0;
    for (const point of node.data) {
      for (const letter of letters(point)) {
        parts.push(letter);
        for (let unit = 0; unit < letter.length; unit++) { owner.push(nodes.length - 1); offset.push([at, at + point.length]); }
      }
      at += point.length;
    }
  }
  const all = parts.join("");
  const keys = lines.map(letters);
  const alone = (key) => {
    const at = key ? all.indexOf(key) : -1;
    return at >= 0 && all.indexOf(key, at + 1) < 0 ? at : -1;
  };
  const anchor = (line) => keys[line] && keys[line].length >= 12 ? alone(keys[line]) : -1;
  const find = (line) => {
    const key = keys[line].slice(0, READ);
    const only = key.length >= 20 ? alone(key) : -1;
    if (only >= 0 || !key) return key ? [only, key.length] : null;
    let above = line - 1, from = 0, to = all.length;
    for (; above >= Math.max(0, line - NEAR); above--) {
      const at = anchor(above);
      if (at >= 0) { from = at + keys[above].length; break; }
    }
    for (let below = line + 1; below <= Math.min(lines.length - 1, line + NEAR); below++) {
      const at = anchor(below);
      if (at >= 0) { to = at; break; }
    }
    for (let between = Math.max(above, line - NEAR - 1, -1) + 1; between < line; between++) {
      const at = keys[between] ? all.indexOf(keys[between], from) : -1;
      if (at >= 0 && at < to) from = at + keys[between].length;
    }
    const at = all.indexOf(key, from);
    return at >= 0 && at + key.length <= to ? [at, key.length] : null;
  };
  const ranges = new Map();
  for (const line of wanted) {
    const place = find(line);
    if (!place) continue;
    const pieces = [];
    for (let at = place[0]; at < place[0] + place[1]; at++) {
      const last = pieces.at(-1);
      if (last && last.node === owner[at]) last.to = offset[at][1];
      else pieces.push({node: owner[at], from: offset[at][0], to: offset[at][1]});
    }
    ranges.set(line, pieces.map(({node, from, to}) => {
      const range = document.createRange();
      range.setStart(nodes[node], from);
      range.setEnd(nodes[node], to);
      return range;
    }));
  }

  const name = "h" + crypto.getRandomValues(new Uint32Array(4)).join("");
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(`::highlight(${name}) { color: transparent; -webkit-text-fill-color: transparent;
    -webkit-text-stroke-color: transparent; text-shadow: none; background-color: transparent; }`);
  const clear = (which) => {
    document.adoptedStyleSheets = [sheet];
    CSS.highlights.set(name, new Highlight(...which));
  };
  const canvas = Object.assign(document.createElement("canvas"), {width: 1, height: 1});
  const pixel = canvas.getContext("2d", {willReadFrequently: true});
  const rgba = (color) => {
    pixel.clearRect(0, 0, 1, 1);
    pixel.fillStyle = color;
    pixel.fillRect(0, 0, 1, 1);
    return [...pixel.getImageData(0, 0, 1, 1).data];
  };
  const up = (element) => {
    const found = [];
    for (let at = element; at; at = at.parentElement || at.getRootNode().host) found.push(at);
    return found;
  };
  const boxes = (range) => [...range.getClientRects()].filter((box) => box.width > 0 && box.height > 0);
  // A reader scrolls what can be scrolled, and no more: scrollIntoView would move hidden overflow as well.
  const isCut = (element, side) => /hidden|clip/.test(getComputedStyle(element)[side]);
  const cannotScroll = () => [document.documentElement, document.body].some((each) => isCut(each, "overflowX"));
  const show = (range) => {
    for (const at of up(range.startContainer.parentElement)) {
      if (at === document.documentElement || at === document.body) break;
      if (!/auto|scroll/.test(getComputedStyle(at).overflowY) || at.scrollHeight <= at.clientHeight) continue;
      const box = boxes(range)[0], own = at.getBoundingClientRect();
      if (box) at.scrollTop += box.top - own.top - (at.clientHeight - box.height) / 2;
    }
    window.scrollTo({left: 0, top: scrollY, behavior: "instant"});
    const box = boxes(range)[0];
    if (!box) return;
    const left = box.right > innerWidth && !cannotScroll() ? box.left - 20 : 0;
    window.scrollBy({left, top: box.top - innerHeight / 2, behavior: "instant"});
  };
  const sizeOf = (element) => {
    const box = element.getBoundingClientRect(), area = element.offsetWidth * element.offsetHeight;
    const scale = area ? Math.sqrt(box.width * box.height / area) : 1;
    return parseFloat(getComputedStyle(element).fontSize) * scale;
  };
  // Of opaque letters only; what pales others is seen in the pixels.
  const inkOf = (element) => {
    const parts = rgba(getComputedStyle(element).webkitTextFillColor);
    const isPlain = parts[3] === 255 && up(element).every((at) => {
      const style = getComputedStyle(at);
      return style.opacity === "1" && style.filter === "none" && style.mixBlendMode === "normal" && style.maskImage === "none";
    });
    return isPlain ? "#" + parts.slice(0, 3).map((part) => part.toString(16).padStart(2, "0")).join("") : null;
  };
  const look = (line) => {
    for (const animation of document.getAnimations()) try { animation.finish(); } catch { animation.cancel(); }
    const own = ranges.get(line);
    const hidden = (how) => ({hidden: how});
    show(own[0]);
    const places = own.map(boxes);
    if (places.some((each) => !each.length)) return hidden("nowhere");
    // Mails made 600 wide are shrunk by phones: what begins within is not beside the page.
    const wide = cannotScroll() ? innerWidth : Math.max(innerWidth, 600);
    const isAway = (box) => box.right + scrollX <= 0 || box.bottom + scrollY <= 0 || box.left + scrollX >= wide;
    if (places.flat().some(isAway)) return hidden("away");
    const found = [];
    own.forEach((range, which) => {
      for (const box of places[which]) {
        const x = Math.max(0, box.left), y = Math.max(0, box.top);
        const width = Math.min(box.right, innerWidth) - x, height = Math.min(box.bottom, innerHeight) - y;
        if (width > 3 && height > 3) found.push({x, y, width, height, ink: inkOf(range.startContainer.parentElement)});
      }
    });
    if (!found.length) return hidden("nowhere");
    const owners = own.map((range) => range.startContainer.parentElement);
    const size = Math.min(...owners.map(sizeOf));
    if (size < LEAST) return hidden("small");
    const opacity = (owner) => up(owner).reduce((whole, at) => whole * getComputedStyle(at).opacity, 1);
    if (owners.some((owner) => opacity(owner) < FAINT)) return hidden("faint");
    const isCutOut = owners.flatMap(up).some((at) => getComputedStyle(at).webkitBackgroundClip.includes("text"));
    toClear = own;
    return {hidden: null, size, boxes: found.slice(0, 6), isCutOut};
  };
  let toClear = [];
  return {
    found: [...ranges.keys()],
    look,
    clear: () => clear(toClear),
    restore: () => CSS.highlights.delete(name),
  };
}
