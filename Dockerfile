# One image for every service of docker-compose.yml: hosts, router, recorder, and the whole lab.
FROM node:24-bookworm-slim AS build
WORKDIR /stillhere
COPY package.json package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY tsconfig.json ./
COPY labs labs
COPY src src
COPY scripts/build.ts scripts/
# Programs start from bundles: three times as fast as through tsx, and twenty clients start at once.
RUN npm run -s build -- --containers

FROM node:24-bookworm-slim

# What the lab builds hosts with, what the router translates with, and the store of the banks.
RUN apt-get update \
 && apt-get install -y --no-install-recommends iproute2 util-linux mount procps nftables conntrack redis-server \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt/*

WORKDIR /stillhere
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --no-audit --no-fund && rm -rf /root/.npm

COPY labs labs
COPY --from=build /stillhere/dist dist
RUN printf '#!/bin/sh\nexec node /stillhere/dist/router.mjs "$@"\n' > /usr/local/bin/strike \
 && printf '#!/bin/sh\nexec node /stillhere/dist/tell.mjs announce "$@"\n' > /usr/local/bin/announce \
 && printf '#!/bin/sh\nexec node /stillhere/dist/tell.mjs engine\n' > /usr/local/bin/engine \
 && chmod 755 /usr/local/bin/strike /usr/local/bin/announce /usr/local/bin/engine \
 && mkdir -p /session /stillhere/runs /books && chmod 1777 /session /stillhere/runs \
 && chown node: /books && chmod 700 /books

USER node
