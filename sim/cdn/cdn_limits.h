/* cdn_limits: what a world may ask of the content servers, and how long their codes hold. */
#pragma once

#define CDN_DEPOTS_MAX    1000
#define CDN_MANIFESTS_MAX 4000
#define CDN_BYTES_MAX     (1u << 30) /* of all chunks, encrypted */
#define CDN_FILES_MAX     20000      /* of one manifest */
#define CDN_LARGE_MIB     65536      /* of one that is made when it is asked for */
#define CDN_CODE_S        300        /* how long a manifest request code holds */
#define CDN_TOKEN_S       86400
#define CDN_KEY           32
