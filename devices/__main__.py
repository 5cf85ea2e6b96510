"""Desk tools: `python -m devices read-tag` prints the link of the NFC tag held to a reader."""

import click

try:
    from devices.reader import NfcpyReader, ReaderError
except ModuleNotFoundError as missing:
    raise SystemExit(f"Error: {missing}") from None


@click.group()
def main() -> None:
    """Tools for the desk where tags are enrolled."""


@main.command("read-tag")
@click.option("--path", default="usb", show_default=True, help="The reader: usb, tty:NAME or udp:HOST:PORT.")
@click.option("--timeout", default=30.0, show_default=True, help="Seconds to wait for a tag.")
def read_tag(path: str, timeout: float) -> None:
    """Print the link of the first tag held to the reader."""
    try:
        click.echo(NfcpyReader(path).read_link(timeout))
    except ReaderError as error:
        raise click.ClickException(str(error)) from error


if __name__ == "__main__":
    main()
