// SPDX-License-Identifier: GPL-3.0-or-later
#include "shared/base/random.h"

#include <QString>

#include <sys/random.h>

#include <cerrno>

namespace msgsrv {

void fillRandom(void *bytes, std::size_t size)
{
    auto *at = static_cast<unsigned char *>(bytes);
    while (size > 0) {
        const ssize_t got = getrandom(at, size, 0);
        if (got < 0) {
            if (errno == EINTR)
                continue;
            qFatal("the system's random generator does not answer: %s", qPrintable(qt_error_string(errno)));
        }
        at += got;
        size -= std::size_t(got);
    }
}

} // namespace msgsrv
