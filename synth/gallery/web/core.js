"use strict";
// The page's one global. Data comes as scripts that call thfm.take(name, value): from disk, browsers load nothing else.
const thfm = {};

(() => {
  const waiting = new Map(); // name -> [resolve]

  thfm.take = (name, value) => {
    for (const resolve of waiting.get(name) || []) resolve(value);
    waiting.delete(name);
  };

  // The value of data/<name>.js; fresh: past the browser's cache.
  thfm.load = (name, fresh = false) =>
    new Promise((resolve, reject) => {
      waiting.set(name, [...(waiting.get(name) || []), resolve]);
      const script = document.createElement("script");
      const place = name.split("/").map(encodeURIComponent).join("/");
      script.src = `data/${place}.js${fresh && location.protocol !== "file:" ? `?${Date.now()}` : ""}`;
      script.onload = () => { script.remove(); reject(new Error(`data/${name}.js is damaged: write the gallery anew.`)); };
      script.onerror = async () => {
        script.remove();
        const gone = location.protocol !== "file:" && !(await fetch(location.pathname, { method: "HEAD" }).catch(() => null));
        reject(new Error(gone ? "thfm-synth preview has ended, or cannot be reached: start it again." : `data/${name}.js is missing: write the gallery anew.`));
      };
      document.head.append(script);
    });

  // An element: el("a.card", {href: "#"}, child, "text", ...); properties beginning with "on" are listeners.
  thfm.el = (what, properties = {}, ...children) => {
    const [tag, ...classes] = what.split(".");
    const node = document.createElement(tag || "div");
    if (classes.length) node.className = classes.join(" ");
    set(node, properties);
    node.append(...children.flat().filter((c) => c !== null && c !== undefined && c !== false));
    return node;
  };

  thfm.svg = (tag, properties = {}, ...children) => {
    const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
    set(node, properties);
    node.append(...children.flat().filter(Boolean));
    return node;
  };

  function set(node, properties) {
    for (const [name, value] of Object.entries(properties)) {
      if (value === null || value === undefined || value === false) continue;
      if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
      else if (["value", "checked", "disabled", "muted", "loop", "autoplay", "playsInline", "open"].includes(name)) node[name] = value;
      else node.setAttribute(name, value === true ? "" : value);
    }
  }

  thfm.say = (words) => { document.getElementById("status").textContent = words; };
  thfm.plural = (n, one, many = `${one}s`) => `${n.toLocaleString("en")} ${n === 1 ? one : many}`;
  thfm.pretty = (text) => String(text).replaceAll("_", " ");
  thfm.bytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
})();
