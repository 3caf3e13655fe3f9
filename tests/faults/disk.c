/* The disk under SQLite: full while the file $FAULTS_DISK.full is there, deaf to fsync while $FAULTS_DISK.deaf is. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int fails(int file, const char *how) {
    char switched[4096], link[64], path[4096];
    const char *disk = getenv("FAULTS_DISK");
    if (!disk) return 0;
    snprintf(switched, sizeof switched, "%s.%s", disk, how);
    if (access(switched, F_OK)) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return strstr(path, ".sqlite3") != NULL;
}

/* Every other write still finds room for its first half. */
static size_t room(size_t size) {
    static unsigned writes;
    return __sync_fetch_and_add(&writes, 1) % 2 ? 0 : size / 2;
}

#define FULL(file, size) \
    if (fails(file, "full") && !((size) = room(size))) { errno = ENOSPC; return -1; }

ssize_t pwrite64(int file, const void *data, size_t size, off64_t at) {
    static ssize_t (*really)(int, const void *, size_t, off64_t);
    if (!really) really = dlsym(RTLD_NEXT, "pwrite64");
    FULL(file, size)
    return really(file, data, size, at);
}

ssize_t pwrite(int file, const void *data, size_t size, off_t at) { return pwrite64(file, data, size, at); }

ssize_t write(int file, const void *data, size_t size) {
    static ssize_t (*really)(int, const void *, size_t);
    if (!really) really = dlsym(RTLD_NEXT, "write");
    FULL(file, size)
    return really(file, data, size);
}

#define SYNC(name) \
    int name(int file) { \
        static int (*really)(int); \
        if (!really) really = dlsym(RTLD_NEXT, #name); \
        if (fails(file, "deaf")) { errno = EIO; return -1; } \
        return really(file); \
    }
SYNC(fsync)
SYNC(fdatasync)
