"""`python -m eqchip`."""

from eqchip.cli.main import main

if __name__ == "__main__":
    main()
