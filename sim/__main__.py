"""`python -m sim`."""

if __name__ == "__main__":
    # processes that are spawned import this module, and have no need of the command line
    from sim.cli.main import main

    main()
