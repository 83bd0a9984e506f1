"""BedFile: PLINK's .bed, .bim and .fam, checked, with their names."""

import os

from fastreg.design.files.stored import StoredFile, Values

MAGIC = b"\x6c\x1b"  # the file's first two bytes
BY_COLUMN, BY_ROW = b"\x01", b"\x00"  # its third, which says how it is stored
HEADER = len(MAGIC + BY_COLUMN)
OTHERWISE = "open(path, bim=..., fam=...) takes tables that are called otherwise"


class BedFile:
    """The files of one set of genotypes: packed columns as `values` (variants, bytes), and two tables of text.

    `shape` is (people, variants), the numbers of lines of the .fam and of the .bim.
    """

    def __init__(self, path, bim=None, fam=None):
        self.path, self.tables = os.path.abspath(path), (bim, fam)
        beside = os.path.splitext(self.path)[0]
        self.bim, self.fam = os.fspath(bim or f"{beside}.bim"), os.fspath(fam or f"{beside}.fam")
        for table in (self.bim, self.fam):
            if not os.path.isfile(table):
                raise FileNotFoundError(
                    f"{table} is not there; a .bed needs its .bim and .fam beside it, and {OTHERWISE}"
                )
        self.shape = n, p = lines_of(self.fam), lines_of(self.bim)
        if n == 0 or p == 0:
            raise ValueError(f"{self.fam if n == 0 else self.bim} has no lines; at least 1 is needed")
        self.values = Values(StoredFile(self.path), HEADER, "u1", (p, -(-n // 4)))
        self._check(n, p)

    def _check(self, n, p):
        """Raise unless the .bed is a file of whole columns, as many as the two tables say."""
        start = self.values.file.map[:HEADER]
        if start not in (MAGIC + BY_COLUMN, MAGIC + BY_ROW):
            raise ValueError(
                f"{self.path} is no .bed file of PLINK 1.9 or 2: it begins with {start.hex(' ')}, not 6c 1b 01. "
                "`plink2 --make-bed` converts other formats, such as .pgen or .vcf"
            )
        if start == MAGIC + BY_ROW:
            raise ValueError(
                f"{self.path} stores one person after another, as early versions of PLINK did, and fits read one "
                f"variant after another: convert it by `plink --bfile {os.path.splitext(self.path)[0]} --make-bed`"
            )
        size, expected = self.values.file.stamp[0], HEADER + self.values.bytes
        if size != expected:
            raise ValueError(
                f"{self.path} {'is cut short' if size < expected else 'is too long'}: it has {size:,} bytes, where "
                f"{n:,} people ({self.fam}) and {p:,} variants ({self.bim}) make {expected:,}; copy it anew, and check "
                f"that the three files belong together ({OTHERWISE})"
            )

    def variants(self):
        """Yield (chromosome, name, position, counted allele A1, other allele A2) of every variant, as text."""
        for fields in fields_of(
            self.bim, 6, "chromosome, name, position in centimorgan, base pair, allele 1, allele 2"
        ):
            yield fields[0], fields[1], fields[3], fields[4], fields[5]

    def people(self):
        """Yield (family, name) of every person, as text."""
        for fields in fields_of(self.fam, 2, "family, name, father, mother, sex, phenotype"):
            yield fields[0], fields[1]


def names_of_variants(variants):
    """A name for each variant, all of them different: name_A1, as in PLINK's .raw files, with the counted allele.

    A variant without a name (".") is called chromosome:position:A2, and those whose names repeat get a number, #2 and
    so on. The allele is part of a name so that a fit does not meet the genotypes of another file the wrong way round.
    """
    seen: dict[str, int] = {}
    names = []
    for chromosome, name, position, counted, other in variants:
        label = f"{name if name != '.' else f'{chromosome}:{position}:{other}'}_{counted}"
        seen[label] = seen.get(label, 0) + 1
        names.append(label if seen[label] == 1 else f"{label}#{seen[label]}")
    return names


def fields_of(path, count, meaning):
    """Yield the fields of each line of a table."""
    with open(path, encoding="utf-8") as lines:
        try:
            for number, line in enumerate(lines, 1):
                fields = line.split()
                if len(fields) < count:
                    raise ValueError(
                        f"line {number} of {path} has {len(fields)} fields, not {meaning}: {line.strip()!r}"
                    )
                yield fields
        except UnicodeDecodeError as error:
            raise ValueError(f"{path} is not text in UTF-8 ({error}); write it as such") from None


def lines_of(path):
    """The number of lines of a table; the last one may lack its end."""
    count, last = 0, b"\n"
    with open(path, "rb") as file:
        while block := file.read(2**20):
            count, last = count + block.count(b"\n"), block
    return count + (not last.endswith(b"\n"))
