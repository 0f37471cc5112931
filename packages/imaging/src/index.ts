/**
 * Images for super-resolution: strict decoding to 8-bit RGB, MATLAB's bicubic resizing bit for bit, low-resolution
 * images, PSNR and SSIM by the published protocol. An image is `RgbImage`: 8-bit, interleaved, rows from the top.
 *
 * @example
 * const { image } = await decodeImage("photo.png");
 * const hr = cropToMultiple(image, 4);
 * const [lr] = lowResolutionImages(hr, 4);
 * const { psnr, ssim } = compareImages(imresize(lr, 4), hr, { scale: 4 });
 */
export * from "./alpha.ts";
export * from "./bicubic.ts";
export * from "./compare.ts";
export * from "./correlation.ts";
export * from "./decode.ts";
export * from "./encode.ts";
export * from "./image-error.ts";
export * from "./low-resolution.ts";
export * from "./luma.ts";
export * from "./pair-by-name.ts";
export * from "./psnr.ts";
export * from "./rgb-image.ts";
export * from "./split-by-name.ts";
export * from "./ssim.ts";
export * from "./thumbnail.ts";
