"use strict";
// Frames of a clip, fetched a few at a time and kept while they are likely to be shown again.
(() => {
  class Kept {
    constructor(most, drop = () => {}) { this.most = most; this.drop = drop; this.map = new Map(); }
    get(key, make) {
      let value = this.map.get(key);
      if (value) this.map.delete(key);
      else { value = make(); value.catch(() => this.map.delete(key)); }
      this.map.set(key, value);
      if (this.map.size > this.most) {
        const [oldest, gone] = this.map.entries().next().value;
        this.map.delete(oldest);
        gone.then(this.drop, () => {});
      }
      return value;
    }
  }

  thfm.framesOf = (about) => {
    const files = new Kept(36), pictures = new Kept(48, (bitmap) => setTimeout(() => bitmap.close(), 500)), codes = new Kept(60);
    const raw = async (name, frame) => {
      const file = `clips/${about.key}/${name}.${Math.floor(frame / about.chunk)}`;
      return (await files.get(file, () => thfm.load(file)))[frame % about.chunk];
    };
    return {
      // "colour" or "strip" of a frame, as an ImageBitmap.
      picture: (name, frame) => pictures.get(`${name} ${frame}`, async () =>
        createImageBitmap(new Blob([thfm.bytes(await raw(name, frame))], { type: "image/jpeg" }))),
      // The bodies' vertices of a frame as codes, and their faces (lists of corners), where they could be recomputed.
      bodies: (frame) => codes.get(`bodies ${frame}`, async () => thfm.unpack(await raw("bodies", frame), about.bodies, about.bodies.vertices, about.bodies.people)),
      faces: () => files.get("faces", async () => (await thfm.load(`clips/${about.key}/faces`)).map((text) => new Uint32Array(thfm.bytes(text).buffer))),
      // The codes of a label map in a frame.
      codes: (name, frame) => codes.get(`${name} ${frame}`, async () => thfm.unpack(await raw(name, frame), about.maps[name], about.width, about.height)),
    };
  };
})();
