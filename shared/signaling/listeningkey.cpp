// SPDX-License-Identifier: GPL-3.0-or-later
#include "shared/signaling/listeningkey.h"

#include "shared/base/base64url.h"
#include "shared/base/random.h"

#include <array>

namespace msgsrv {

ListeningKey ListeningKey::generate()
{
    std::array<unsigned char, 22> random{};
    fillRandom(random.data(), random.size());
    QByteArray secret("queue.");
    secret.reserve(secret.size() + qsizetype(random.size()));
    for (const unsigned char byte : random)
        secret.append(base64UrlAlphabet[byte % 64]); // 256 is a multiple of 64: no bias
    return ListeningKey(secret);
}

} // namespace msgsrv
