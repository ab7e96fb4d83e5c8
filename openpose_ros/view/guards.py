"""What every request must be like before anything is done for it, and what every answer says."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit

from aiohttp import web

from openpose_ros.view.options import ViewOptions

_LOOPBACK = frozenset({'127.0.0.1', 'localhost', '::1'})
# default-src stands for all that is not named; these three it does not stand for.
_POLICY = (
    "default-src 'self'; img-src 'self' blob:; base-uri 'self'; form-action 'self'; "
    "frame-ancestors 'none'"
)
HEADERS = {
    'Content-Security-Policy': _POLICY,
    'X-Content-Type-Options': 'nosniff',
    'Referrer-Policy': 'no-referrer',
    'Cache-Control': 'no-store',
}


def refusal(request: web.BaseRequest, options: ViewOptions, *, upgrade: bool) -> str:
    """
    Say why a request is refused, by its Host and Origin; '' if it is not.

    A page elsewhere, to which a name of its own was made to stand for this machine (DNS
    rebinding), has that name in Host; one that merely calls us has its own in Origin.

    Parameters
    ----------
    request : aiohttp.web.BaseRequest
        As it came.
    options : ViewOptions
        Say how the page may be reached.
    upgrade : bool
        Whether it asks for the WebSocket.

    """
    hosts = request.headers.getall('Host', [])
    if len(hosts) != 1 or not _is_ours(_name_of(hosts[0]), request, options):
        return 'Host is not the address of this page; name it by --view-allow-host, if it is yours'
    origins = request.headers.getall('Origin', [])
    if (upgrade or request.method != 'GET') and origins != [f'http://{hosts[0]}']:
        return 'Origin is not this page'
    return ''


def _is_ours(name: str, request: web.BaseRequest, options: ViewOptions) -> bool:
    if not name:
        return False
    bound = options.address
    if name in _LOOPBACK or name == bound.host.lower() or name in options.allowed_hosts:
        return True
    if not bound.is_any or request.transport is None:
        return False
    # Bound to every address: the one that was connected to, as a number. No name stands for it.
    here = request.transport.get_extra_info('sockname') or ('',)
    return _is_number(name) and name == str(here[0]).removeprefix('::ffff:')


def _is_number(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def _name_of(host: str) -> str:
    """Return the name in a Host header without the port; '' if it is not of that form."""
    try:
        parts = urlsplit(f'//{host}')
        parts.port  # noqa: B018  which raises
    except ValueError:
        return ''
    return (parts.hostname or '') if parts.netloc == host and '@' not in host else ''
