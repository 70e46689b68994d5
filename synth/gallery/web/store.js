"use strict";
// The rows of the index, part after part, and again while a data set is being made.
(() => {
  const AGAIN = 4000; // ms
  const store = (thfm.store = { index: null, rows: [], byId: new Map(), words: null });
  const parts = new Map(); // name -> rows

  const told = (row) => row && JSON.stringify([row.reasons, row.stills]);

  function gather() {
    store.rows = [...store.index.parts.flatMap((name) => parts.get(name) || []), ...store.index.rejected];
    for (const row of store.rows) {
      row.text ??= [row.key, row.caption, ...Object.values(row.traits).flat(), ...row.reasons].join(" ").toLowerCase().replaceAll("_", " ");
    }
    store.byId = new Map(store.rows.map((row) => [row.id, row]));
  }

  async function refresh(changed) {
    const known = new Map((store.index?.rejected || []).map((row) => [row.id, row]));
    store.index = await thfm.load("index", true);
    // A draw that is there already stays the same row, so that its card stays.
    store.index.rejected = store.index.rejected.map((row) => (told(known.get(row.id)) === told(row) ? known.get(row.id) : row));
    store.words = store.index.words;
    for (const name of [...parts.keys()]) if (!store.index.parts.includes(name)) parts.delete(name);
    gather();
    changed();
    const missing = store.index.parts.filter((name) => !parts.has(name));
    for (let i = 0; i < missing.length; i += 8) {
      await Promise.all(missing.slice(i, i + 8).map(async (name) => {
        try {
          parts.set(name, await thfm.load(`parts/${name}`));
        } catch (error) {
          parts.set(name, []);
          store.index.faults.push(error.message);
        }
      }));
      gather();
      changed();
    }
  }

  // Load everything; changed() is called whenever there is more.
  store.open = async (changed) => {
    await refresh(changed);
    const live = location.protocol !== "file:";
    const again = async () => {
      try { await refresh(changed); } catch { /* the server went away: what is shown stays */ }
      if (store.index.busy || !store.index.finished) setTimeout(again, AGAIN);
    };
    if (live && (store.index.busy || !store.index.finished)) setTimeout(again, AGAIN / 4);
  };
})();
