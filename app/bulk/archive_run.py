"""A whole run, from what a person asks for to how it ended."""

from dataclasses import dataclass
from pathlib import Path

from app.bulk.engines import DaskEngine, Engine, LokyEngine
from app.bulk.inputs import InputFormat, found_inputs
from app.bulk.manifest import RunFacts, run_folder
from app.bulk.plan import OutputFormat, TagPlan
from app.bulk.progress import ProgressStyle, shown
from app.bulk.run import RunResult, run


@dataclass(frozen=True, slots=True)
class ArchiveRun:
    """What to tag into which folder, how, and where: by `jobs` processes, or on the Dask scheduler at `dask`."""

    inputs: tuple[str, ...]
    out: Path
    plan: TagPlan
    input_format: InputFormat | None = None
    format: OutputFormat = "parquet"
    jobs: int = 1
    dask: str | None = None
    max_bad_rows: int | None = None
    progress: ProgressStyle = "none"


def tag_archive(archive: ArchiveRun) -> RunResult:
    """Tag what isn't done yet. Raises errors of the one tree; what was done until then stays done."""
    facts = RunFacts(archive.plan, archive.format, archive.plan.tagger().topics)
    files = found_inputs(archive.inputs, archive.input_format, archive.out)
    with run_folder(archive.out, facts) as manifest:
        engine: Engine = DaskEngine(archive.dask) if archive.dask else LokyEngine(archive.jobs)
        with shown(archive.progress) as show:
            return run(manifest, files, engine, archive.max_bad_rows, show)
