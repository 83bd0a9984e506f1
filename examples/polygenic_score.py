"""A polygenic score: a trait and a disease from genotypes in .bed files with unpenalised covariates, for new people.

The files are written here, small, as PLINK would write them. Neighbouring variants are correlated, a few of them have
effects, and one genotype in a hundred is unknown.
"""

import tempfile
from pathlib import Path

import numpy as np

import fastreg

PEOPLE, NEW, VARIANTS, CAUSAL = 800, 400, 3_000, 10


def draw(people, frequencies, rng):
    """Copies of each variant's first allele, (people, variants): each of the two strands goes on along itself."""
    strands = np.empty((2, people, frequencies.size), dtype=np.int8)
    for strand in strands:
        uniform = rng.random((people, frequencies.size))
        stays = rng.random((people, frequencies.size)) < 0.5
        for j in range(1, frequencies.size):
            uniform[:, j] = np.where(stays[:, j], uniform[:, j - 1], uniform[:, j])
        strand[:] = uniform < frequencies
    return strands.sum(axis=0)


def write(path, copies, rng):
    """Write copies as path.bed, with its tables path.fam and path.bim."""
    people, variants = copies.shape
    codes = np.zeros((variants, -(-people // 4) * 4), dtype=np.uint8)
    codes[:, :people] = np.array([0b11, 0b10, 0b00])[copies.T]
    codes[:, :people][rng.random((variants, people)) < 0.01] = 0b01  # unknown
    packed = (codes.reshape(variants, -1, 4) << np.array([0, 2, 4, 6])).sum(axis=2).astype(np.uint8)
    path.with_suffix(".bed").write_bytes(b"\x6c\x1b\x01" + packed.tobytes())
    path.with_suffix(".fam").write_text("".join(f"F{i} P{i} 0 0 0 -9\n" for i in range(people)))
    path.with_suffix(".bim").write_text("".join(f"1 rs{j} 0 {100 * j} A C\n" for j in range(variants)))
    return path.with_suffix(".bed")


def main():
    rng = np.random.default_rng(0)
    frequencies, effects = rng.uniform(0.05, 0.5, VARIANTS), np.zeros(VARIANTS)
    effects[rng.choice(VARIANTS, CAUSAL, replace=False)] = rng.choice([-0.6, 0.6], CAUSAL)

    def measured(people):
        """(genotypes, covariates, trait)."""
        copies = draw(people, frequencies, rng)
        covariates = np.column_stack([rng.normal(size=people), rng.integers(0, 2, people)])  # age, in its sd; sex
        return copies, covariates, copies @ effects + covariates @ [0.5, 1.0] + rng.normal(size=people)

    with tempfile.TemporaryDirectory() as folder:
        (copies, covariates, trait), (new_copies, new_covariates, new_trait) = measured(PEOPLE), measured(NEW)
        bed = fastreg.open(write(Path(folder) / "train", copies, rng))
        new = fastreg.open(write(Path(folder) / "new", new_copies, rng), means=bed.means)
        print(f"{bed.shape[0]} people, {bed.shape[1]:,} variants, {Path(bed.path).stat().st_size / 1e6:.2f} MB")

        factor = np.r_[0.0, 0.0, np.ones(VARIANTS)]  # covariates are in the model without a penalty
        found = fastreg.cv_path((covariates, bed), trait, penalty_factor=factor, cv=5, random_state=0)
        score = found.predict((new_covariates, new), "min")
        share = np.corrcoef(score, new_trait)[0, 1] ** 2
        print(f"trait: {len(found.support('min')) - 2} variants, {share:.0%} of the variance of new people explained")
        print(f"largest duality gap {found.path.gaps.max():.0e}, the file was read {bed.reads} times")

        ill, new_ill = trait > np.median(trait), new_trait > np.median(trait)
        disease = fastreg.cv_path(
            (covariates, bed), ill, family="binomial", penalty_factor=factor, cv=5, n_alphas=30, alpha_min_ratio=0.1,
            random_state=0,
        )  # fmt: skip
        risk = disease.predict((new_covariates, new), "min")
        right = np.mean((risk > 0.5) == new_ill)
        print(f"disease: {len(disease.support('min')) - 2} variants, {right:.0%} of new people classified as they are")
        assert found.path.converged and disease.path.converged and share > 0.4 and right > 0.65


if __name__ == "__main__":
    main()
