"""The program `openpose-ros`, also as `python -m openpose_ros`."""

import signal


def main() -> None:
    """Run the verb that this process was started with; does not return."""
    # From here on no signal is lost, and none ends the process with a traceback: until somebody
    # hears them they wait. Hence the order.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM, signal.SIGHUP})

    from openpose_ros import cli

    cli.main()


if __name__ == '__main__':
    main()
