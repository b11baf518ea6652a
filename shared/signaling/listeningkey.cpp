// SPDX-License-Identifier: GPL-3.0-or-later
#include "shared/signaling/listeningkey.h"

#include "shared/base/base64url.h"
#include "shared/base/random.h"

#include <QCryptographicHash>

#include <array>
#include <utility>

namespace msgsrv {

ListeningKey::ListeningKey(QByteArray secret)
    : m_secret(std::move(secret))
{
    if (m_secret.isEmpty())
        return;
    const QByteArray digest = QCryptographicHash::hash(m_secret, QCryptographicHash::Sha256);
    std::memcpy(m_digest.data(), digest.constData(), m_digest.size());
}

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
