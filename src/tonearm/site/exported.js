"use strict";
/* What an exported page does instead of asking an API: documents come from files beside it, and a link to what was not
   exported is plain text. Only exports load this file. */
(() => {
  const { places, files, defaults, documents } = tonearm.exported;
  document.documentElement.classList.add("exported");
  const there = new Set(places);
  const roots = places.filter((place) => place.endsWith("/*")).map((place) => place.slice(0, -2));

  /** A document's name in the files, as documents/export.py writes it. */
  const keyOf = (path) => {
    const [name, query = ""] = path.split("?");
    const usual = defaults[name.replace("documents/", "")] ?? {};
    const asked = [...new URLSearchParams(query)].filter(([of, value]) => of !== "listener" && value !== "" && usual[of] !== value);
    return `${name}?${asked.map(([of, value]) => `${of}=${value}`).sort().join("&")}`;
  };

  const loading = {};
  const load = (file) => (loading[file] ??= new Promise((done) => {
    document.head.append(tonearm.h("script", { src: file, onload: done, onerror: done }));
  }));

  tonearm.fromFiles = async (path) => {
    const key = keyOf(path);
    if (files[key] && !(key in documents)) await load(files[key]);
    if (!(key in documents)) throw new tonearm.Problem(404, "NotExported", "This part of the page is not on this website. The links above lead to those that are.");
    return documents[key];
  };

  /** "#/charts/artists?range=2019" as places are written; empty for the beginning. */
  const placeOf = (href) => {
    const [path, query = ""] = href.replace(/^#\/?/, "").split("?");
    const parts = path.split("/").map((part) => { try { return decodeURIComponent(part); } catch { return part; } });
    const asked = [...new URLSearchParams(query)].map(([name, value]) => `${name}=${value}`).sort().join("&");
    return parts.join("/") + (asked ? `?${asked}` : "");
  };
  const isThere = (place) => {
    if (place === "" || there.has(place)) return true;
    const [path, query] = place.split("?");
    if (roots.some((root) => path === root || path.startsWith(root + "/"))) return true;
    // A page without its first part shows the first one, as "#/charts" does.
    return query === undefined && [...there].some((one) => one.startsWith(path + "/"));
  };

  const XLINK = "http://www.w3.org/1999/xlink";
  const unlink = (within) => within.querySelectorAll("a").forEach((link) => {
    const href = link.getAttribute("href") ?? link.getAttributeNS(XLINK, "href");
    if (!href?.startsWith("#/") || isThere(placeOf(href))) return;
    link.removeAttribute("href");
    link.removeAttributeNS(XLINK, "href");
  });
  new MutationObserver((changes) => {
    for (const { addedNodes } of changes) for (const node of addedNodes) if (node.parentElement) unlink(node.parentElement);
  }).observe(document.getElementById("main"), { childList: true, subtree: true });

  for (const [name, page] of Object.entries(tonearm.pages)) {
    if (name !== "home" && "nav" in page && !isThere(name)) delete tonearm.pages[name];
  }
})();
