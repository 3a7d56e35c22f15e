"""The command ``renal-fusion``; torch and napari are imported only by the commands that need them."""


def main() -> None:
    """Entry point of the console script."""
    from .app import run

    run()
