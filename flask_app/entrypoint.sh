#!/bin/sh
# Publish the image's static files on the volume that nginx reads, then become the given command.
# A named volume is filled by Docker once and would go stale at the next upgrade. The files go to a folder of their own
# and a link is moved to it in one step, so that no request meets half of them.
set -eu
source=/venv/lib/python3.11/site-packages/flask_app/static
volume=/srv/static

release=$(cd "$source" && find . -type f -exec sha256sum {} + | sort | sha256sum | cut -c 1-16)
if [ ! -d "$volume/$release" ]; then
    rm -rf "$volume/.incoming"
    cp -r "$source" "$volume/.incoming"
    mv -T "$volume/.incoming" "$volume/$release"
fi
ln -sfn "$release" "$volume/.link"
mv -T "$volume/.link" "$volume/current"
find "$volume" -mindepth 1 -maxdepth 1 ! -name "$release" ! -name current -exec rm -rf {} +

exec "$@"
