# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # From a picture of steel to a number one can act on
#
# A camera above a rolling line takes a picture 1,600 pixels wide and 256 high, many times a second. Most of them show
# nothing but steel. Some show a pit, a hairline, a scratch, a patch of scale, and somebody should know. This notebook
# walks the way from the labelled pictures to that knowledge, and stops at the places where it is easy to fool oneself.
#
# By default it runs on **generated** sheets: drawn by a program, free of anybody's rights, with exact masks.
# `make notebook DATA=folder` runs it on pictures of your own. Where the text says what you will see, it speaks of the
# generated ones.

# %%
import logging
import os
import tempfile
import warnings
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
warnings.filterwarnings("ignore", category=DeprecationWarning)

import cv2
import matplotlib.pyplot as plt
import numpy as np

from defect_api.judgement import Terms, judge
from defect_api.model_package import find_candidates
from defect_api.segmenter import KerasSegmenter
from defect_api.served_model import ServedModel
from defect_api.thresholds import cut, histogram, otsu
from training import augment, busy, calibration, datasets, encoder, fit, history, network, rle, sheets
from training.examples import IGNORED, DataError
from training.sampling import Mix, Sampler

logging.getLogger("matplotlib").setLevel(logging.ERROR)
plt.rcParams |= {
    "figure.constrained_layout.use": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.frameon": False,
    "font.size": 10,
}
DATA = os.environ.get("DATA", "")
COUNT = int(os.environ.get("NOTEBOOK_SHEETS", "32"))  # pictures that the model is asked about
STEPS = int(os.environ.get("NOTEBOOK_STEPS", "30"))  # of the short training
SEED = 7_000_000  # far from every seed that trained the shipped model
COLOURS = np.array([(255, 196, 0), (0, 174, 239), (236, 0, 140), (57, 181, 74)], np.float32)

# %% [markdown]
# ## The data
#
# Each picture comes with a mask of its own size: 0 where the steel is sound, else the number of a defect's class.

# %%
if DATA:
    dataset = datasets.find(Path(DATA))
    classes, every = dataset.classes, [example for example in dataset.examples if example.for_judging]
    chosen = np.random.default_rng(1).permutation(len(every))[:COUNT]
    examples = [every[index] for index in chosen]
else:
    classes = ("pit", "hairline", "scratch", "patch")
    examples = sheets.examples(COUNT, SEED)

pictures = [example.load() for example in examples]
defective = np.array([bool(np.isin(mask, (0, IGNORED), invert=True).any()) for _, mask in pictures])
if len(set(defective)) < 2:
    raise DataError(
        f"the {len(pictures)} pictures shown are all of one kind, and it takes some with defects and some without; "
        "set NOTEBOOK_SHEETS to more, or add some"
    )
print(f"{len(pictures)} pictures, {defective.sum()} of them with defects; classes: {', '.join(classes)}")


# %%
def coloured(picture: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Return the picture in colour, its defects tinted by their class."""
    canvas = np.repeat(picture[..., None], 3, axis=2).astype(np.float32)
    for number in range(1, len(classes) + 1):
        where = mask == number
        canvas[where] = 0.45 * canvas[where] + 0.55 * COLOURS[(number - 1) % len(COLOURS)]
    return canvas.astype(np.uint8)


def show(rows: list[tuple[str, np.ndarray]], height: float = 1.35) -> None:
    """Show pictures below each other, each under its title."""
    figure, axes = plt.subplots(len(rows), 1, figsize=(9.6, height * len(rows) + 0.3 * len(rows)), squeeze=False)
    for axis, (title, picture) in zip(axes[:, 0], rows, strict=True):
        axis.imshow(picture, cmap="gray", vmin=0, vmax=255, aspect="auto")
        axis.set_title(title, fontsize=10, loc="left")
        axis.axis("off")
    plt.show()


of_class = {
    number: [i for i, (_, mask) in enumerate(pictures) if (mask == number).any()]
    for number in range(1, len(classes) + 1)
}
rows = []
for number, name in enumerate(classes, 1):
    if of_class[number]:
        plainest = min(of_class[number], key=lambda i: len(np.unique(pictures[i][1])))
        rows.append((f"{name}: in {len(of_class[number])} of {len(pictures)} pictures", coloured(*pictures[plainest])))
show(rows)

# %% [markdown]
# And this is the other half of the truth. Sound steel is not a grey rectangle: it is numbered with paint, stained by
# water and oil, rolled with a pattern of lugs. A detector that has only ever seen defects on plain steel will call all of
# this defective, loudly. Whoever collects pictures should collect these first.

# %%
show(
    [
        (
            f"sound: {kind.replace('_', ' ')}",
            sheets.generate(SEED + 1, defects=[], busy_kinds=[kind], dark_side=False).image,
        )
        for kind in busy.KINDS[:4]
    ]
)

# %% [markdown]
# Two facts about such data decide more than any architecture:
#
# - **Area.** Defects cover a few per cent of a picture. A network that answers "sound" everywhere is right for nearly
#   every pixel. That is why overlap (Dice), not accuracy, is what we look at.
# - **Scenes.** Pictures of one coil are near-copies. If one is in training and its neighbour in the test, the test
#   measures memory. All splits here are by scene, found by similarity where nobody noted them down.

# %%
share = [100 * np.isin(mask, (0, IGNORED), invert=True).mean() for _, mask in pictures]
figure, axis = plt.subplots(figsize=(9.6, 2.4))
axis.hist([value for value, bad in zip(share, defective, strict=True) if bad], bins=24, color="#1f6fb2")
axis.set(xlabel="defective area of the pictures that have any, %", ylabel="pictures")
plt.show()

# %% [markdown]
# ## Masks as runs
#
# The public steel sets write a mask as text: start and length of each run of defective pixels, counted **down the
# columns**, from 1. It is compact, and it has bitten everybody once: counted along the rows, the same text draws
# a different defect, without any error.

# %%
small = np.zeros((6, 10), bool)
small[2:5, 3:6], small[1, 7] = True, True
text = rle.encode(small)
wrong = np.zeros(small.size, bool)
for start, length in np.array(text.split(), int).reshape(-1, 2):
    wrong[start - 1 : start - 1 + length] = True
figure, axes = plt.subplots(1, 2, figsize=(7.4, 2.4))
for axis, mask, title in (
    (axes[0], small, f"'{text}'"),
    (axes[1], wrong.reshape(small.shape), "the same text, read along the rows"),
):
    axis.imshow(mask, cmap="Blues", vmin=0, vmax=1.4)
    axis.set_title(title, fontsize=10)
    axis.set_xticks(np.arange(-0.5, 10), labels=[])
    axis.set_yticks(np.arange(-0.5, 6), labels=[])
    axis.grid(color="#c8d0d8", lw=0.6)
    axis.tick_params(length=0)
plt.show()
assert (rle.decode(text, small.shape) == small).all()

# %% [markdown]
# ## The network
#
# A U-Net: an encoder that looks at ever larger surroundings in ever coarser maps, and a decoder that brings what it
# understood back to the pixels, helped at each size by what the encoder saw there. The encoder here is
# EfficientNet-Lite0 (the shipped model has the larger -Lite2) with weights from ImageNet: edges and textures need not
# be learnt from a hundred pictures of steel. Raw grey pixels go in; the scaling is part of the network, so training and
# serving cannot disagree about it.

# %%
model = network.build(len(classes))
encoder.load_imagenet(model)
stages = encoder.VARIANTS[network.DEFAULT.encoder].stages
down = [stages[stage].width for stage in encoder.SKIP_STAGES]
up = list(network.DEFAULT.widths)
figure, axis = plt.subplots(figsize=(9.6, 3.2))
columns = [(1, "grey\npixels", "#8b97a4")] + [(width, f"1/{2 ** (n + 1)}", "#1f6fb2") for n, width in enumerate(down)]
columns += [(width, f"1/{2 ** (4 - n)}", "#2b8a57") for n, width in enumerate(up)] + [
    (len(classes) + 1, "classes", "#d9822b")
]
scales = [0, 1, 2, 3, 4, 5, 4, 3, 2, 1, 0]
for x, ((width, label, colour), scale) in enumerate(zip(columns, scales, strict=True)):
    height = 2.0 ** (-0.62 * scale)
    axis.add_patch(
        plt.Rectangle(
            (x - 0.08 - 0.04 * np.log2(width), -height), 0.16 + 0.08 * np.log2(width), 2 * height, color=colour
        )
    )
    axis.text(x, -height - 0.07, f"{label}\n{width}", ha="center", va="top", fontsize=8.5, linespacing=1.3)
for left, right in ((1, 9), (2, 8), (3, 7), (4, 6)):
    height = 2.0 ** (-0.62 * scales[left])
    axis.annotate(
        "",
        (right, height + 0.02),
        (left, height + 0.02),
        arrowprops={"arrowstyle": "->", "color": "#5d6b7a", "connectionstyle": "arc3,rad=-0.12", "lw": 1},
    )
axis.set(xlim=(-0.7, 10.7), ylim=(-1.55, 1.7))
axis.axis("off")
axis.set_title(
    f"{model.count_params() / 1e6:.1f} million weights; below each map its size and its channels",
    fontsize=10,
    loc="left",
)
plt.show()

# %% [markdown]
# ## What training sees
#
# Never whole pictures, and never the same twice: crops, turned, stretched, relit, and now and then with a defect of
# another picture pasted onto sound steel. That last trick matters most when defects are few: it shows each of them
# in places where it never was, so that the network cannot learn the place instead of the defect.

# %%
sampler = Sampler(examples, (128, 256), Mix(defect=0.5, clean_picture=0.2, pasted=0.6), augment.Changes(), seed=3)
figure, axes = plt.subplots(3, 3, figsize=(9.6, 4.9))
for number, axis in enumerate(axes.flat):
    axis.imshow(coloured(*sampler.crop(number)))
    axis.axis("off")
plt.show()

# %% [markdown]
# ## A short training
#
# A real one takes hours (`python -m training train`). This one is long enough to see the shape of it: a rate that
# rises and falls, and a loss that wobbles downwards. The loss is the sum of two views. Cross-entropy wants honest
# probabilities for each pixel; the overlap term (soft Dice) wants the right area, and does not care how much sound
# steel there is around it.

# %%
schedule = fit.Schedule(steps=STEPS, batch=4, peak_rate=1e-3, warmup=max(1, STEPS // 8))
fit.REPORT_EVERY = max(1, STEPS // 20)
with tempfile.TemporaryDirectory() as folder:
    fit.Fitting(model, schedule, Path(folder)).run(sampler)
    rows = history.read(Path(folder))

# %%
figure, axes = plt.subplots(1, 2, figsize=(9.6, 2.6))
axes[0].plot([row.step for row in rows], [row.loss for row in rows], color="#1f6fb2")
axes[0].set(xlabel="step", ylabel="loss", ylim=(0, None))
axes[1].plot([row.step for row in rows], [row.rate for row in rows], color="#d9822b")
axes[1].set(xlabel="step", ylabel="learning rate", ylim=(0, None))
plt.show()

# %% [markdown]
# ## Asking the shipped model
#
# From here on the model that comes with the platform answers, through the very code that serves it. Its generated
# training sheets had other seeds than these. (On pictures of your own with other classes, read "defect or not" and
# ignore the names.)

# %%
package = find_candidates(Path("defect_api/models"), "steel-unet")[0][0]  # the newest, as the service chooses
card, served = package.card, ServedModel(package, KerasSegmenter(package.weights))
maps = [served.maps(picture) for picture, _ in pictures]
answers = [judge(map_.q, map_.classes, card) for map_ in maps]
print(
    f"{package.key}, of {card.created_at[:10]}: threshold {card.threshold.value}, {len(card.metrics)} measured figures"
)

index = int(np.flatnonzero(defective)[0])
picture, mask = pictures[index]
heat = cv2.cvtColor(cv2.applyColorMap(maps[index].q, cv2.COLORMAP_INFERNO), cv2.COLOR_BGR2RGB)
show(
    [("the sheet, with the label", coloured(picture, mask)), ("the probability map: bright is surely defective", heat)]
)

# %% [markdown]
# ## What the probabilities measure, and what they don't
#
# An answer carries three numbers that all look like "how sure".
#
# - A **pixel's probability**: that this pixel would have been labelled as part of a defect.
# - **`max_probability`**, the highest of 400,000 of those. It may tell clean sheets from defective ones, but it is not
#   calibrated: nothing was fitted so that 0.8 comes true in eight of ten sheets, and the more pixels one asks, the
#   surer the surest of them is.
# - **`defect_probability`**, that the sheet has any defect. It is made from the map's largest values and then
#   *calibrated*: fitted on pictures that the network had never seen, until 0.8 came true in eight of ten.

# %%
highest = np.array([map_.max_probability for map_ in maps])
calibrated = np.array([answer.defect_probability for answer in answers])
figure, axes = plt.subplots(1, 2, figsize=(9.6, 2.8), sharey=True)
for axis, values, title in ((axes[0], highest, "max_probability"), (axes[1], calibrated, "defect_probability")):
    bins = np.linspace(0, 1, 21)
    axis.hist(
        [values[~defective], values[defective]],
        bins,
        stacked=True,
        color=["#2b8a57", "#c23b3b"],
        label=["clean", "defective"],
    )
    axis.set(xlabel=title)
axes[0].set(ylabel="pictures")
axes[0].legend(loc="upper left")
plt.show()
print(f"clean sheets with a highest pixel above 0.5: {(highest[~defective] > 0.5).sum()} of {(~defective).sum()}")

# %% [markdown]
# Whether 0.8 means eight in ten can be looked at: sort the pictures by what was said, cut them into bins, and compare
# what was said with what was true. Two warnings belong to the plot. First, a bin here has few pictures; a point may
# well be off by 0.2 by chance. Second, calibration holds for the mixture of pictures it was fitted on. Where one sheet
# in a thousand is defective instead of most, the same 0.8 is far too high: no model can know the base rate of
# a line it has never seen.

# %%
found = calibration.bins(calibrated, defective, 6)
figure, axis = plt.subplots(figsize=(4.6, 3.6))
axis.plot([0, 1], [0, 1], ":", color="#5d6b7a")
axis.plot([said for said, _, _ in found], [true for _, true, _ in found], "o-", color="#1f6fb2")
axis.set(
    xlabel="defect_probability that was said", ylabel="share that was defective", xlim=(-0.02, 1.02), ylim=(-0.02, 1.05)
)
plt.show()

# %% [markdown]
# ## Otsu's threshold against the calibrated one
#
# The first system cut its maps where Otsu's method said. Otsu looks for the value that best splits a histogram in two,
# and it always finds one: it was made for pictures that *have* two parts. On a clean sheet it splits noise from noise.

# %%
splits = [otsu(histogram(map_.q)) for map_ in maps]
by_otsu = np.array(
    [(map_.q >= cut(split.value)).any() if split.value else False for map_, split in zip(maps, splits, strict=True)]
)
by_card = np.array([bool(answer.regions.defects) for answer in answers])
for name, called in (("Otsu", by_otsu), (f"the card's {card.threshold.value}", by_card)):
    print(
        f"{name:14} calls {called[~defective].sum():3} of {(~defective).sum()} clean sheets defective, misses {(~called[defective]).sum()} of {defective.sum()}"
    )

# %%
quiet = int(np.flatnonzero(~defective)[np.argmin(highest[~defective])])
cuts = {
    f"cut by Otsu at {splits[quiet].value or 0:.3f}": splits[quiet].value or 1.0,
    f"cut at the card's {card.threshold.value}": card.threshold.value,
}
show(
    [
        ("a clean sheet", pictures[quiet][0]),
        *[(title, 255 * (maps[quiet].q >= cut(value)).astype(np.uint8)) for title, value in cuts.items()],
    ]
)

# %% [markdown]
# The threshold in the card was chosen by what it costs: overlap on one side, sheets missed and sheets called for
# nothing on the other, on pictures that the network had not seen, and reported on pictures that had no part in the
# choice. Another plant weighs these costs otherwise; the viewer and the REST service take any threshold and judge again.

# %%
figure, axis = plt.subplots(figsize=(9.6, 2.9))
thresholds = np.arange(0.05, 0.96, 0.05)
called = np.array(
    [[bool(judge(m.q, m.classes, card, Terms(threshold=float(t))).regions.defects) for m in maps] for t in thresholds]
)
axis.plot(thresholds, 100 * (~called[:, defective]).mean(1), color="#c23b3b", label="misses per 100 defective sheets")
axis.plot(thresholds, 100 * called[:, ~defective].mean(1), color="#d9822b", label="false calls per 100 clean sheets")
axis.axvline(card.threshold.value, color="#2b8a57", lw=1, label="the card's threshold")
axis.set(xlabel="pixel threshold", xlim=(0, 1), ylim=(-2, 102))
axis.legend()
plt.show()

# %% [markdown]
# ## Errors worth knowing
#
# An average hides who pays. So we ask again, kind by kind: how much sound clutter is called defective?

# %%
rows = []
for kind in busy.KINDS:
    made = [sheets.generate(SEED + 500 + n, defects=[], busy_kinds=[kind]).image for n in range(max(2, COUNT // 8))]
    answers_of_kind = [served.maps(sheet) for sheet in made]
    calls = [bool(judge(m.q, m.classes, card).regions.defects) for m in answers_of_kind]
    rows.append((kind.replace("_", " "), sum(calls), len(calls)))
figure, axis = plt.subplots(figsize=(9.6, 2.4))
shares = [100 * wrong / count for _, wrong, count in rows]
bars = axis.barh([name for name, *_ in rows], shares, color="#d9822b", height=0.6)
axis.bar_label(bars, [f"{wrong} of {count}" for _, wrong, count in rows], padding=4)
axis.set(xlabel="clean sheets called defective, %", xlim=(0, 108))
axis.invert_yaxis()
plt.show()

# %% [markdown]
# And here are the sheets that it got most wrong: of the defective ones those with the least overlap, of the clean ones
# those with the largest false area. Blue is the label, green what the model outlined. Look at these before believing
# any figure on this page; most of what one learns about a detector, one learns here.


# %%
def overlap(found_mask: np.ndarray, truth: np.ndarray) -> float:
    """Return the Dice of two masks."""
    return 2 * np.count_nonzero(found_mask & truth) / max(np.count_nonzero(found_mask) + np.count_nonzero(truth), 1)


def outlined(number: int) -> np.ndarray:
    """Return a picture with the label's outline and the model's."""
    canvas = cv2.cvtColor(pictures[number][0], cv2.COLOR_GRAY2RGB)
    truth = np.isin(pictures[number][1], (0, IGNORED), invert=True)
    for outline_of, colour in ((truth, (40, 120, 235)), (answers[number].regions.labels > 0, (60, 200, 60))):
        outlines, _ = cv2.findContours(outline_of.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
        cv2.drawContours(canvas, outlines, -1, colour, 3)
    return canvas


dice = {
    n: overlap(answers[n].regions.labels > 0, np.isin(pictures[n][1], (0, IGNORED), invert=True))
    for n in np.flatnonzero(defective)
}
false_area = {n: np.count_nonzero(answers[n].regions.labels) for n in np.flatnonzero(~defective) if by_card[n]}
worst = [(f"defective, overlap {dice[n]:.2f}", outlined(n)) for n in sorted(dice, key=dice.__getitem__)[:3]]
worst += [
    (f"clean, {false_area[n]} px called defective", outlined(n))
    for n in sorted(false_area, key=false_area.__getitem__, reverse=True)[:2]
]
show(worst)

# %% [markdown]
# ## What to take home
#
# - Trust a figure only with its interval, its split and its threshold: where they come from is in the model's card.
# - `defect_probability` is calibrated to how often a sheet has a defect; `max_probability` is not.
# - A threshold is a decision about costs. Otsu does not know the costs.
# - Generated sheets prove that the machinery works. They do not prove that it works on your steel: for that, label a
#   few dozen of your own pictures, clean ones too, and run `make train DATA=folder`.
