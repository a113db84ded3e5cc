// What the upload page takes of Uppy: the queue with its progress, sending with retries, and dropped folders.
export { default as Uppy } from "@uppy/core";
export { default as DropTarget } from "@uppy/drop-target";
export { default as XHRUpload } from "@uppy/xhr-upload";
