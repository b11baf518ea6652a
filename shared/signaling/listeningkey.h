// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QByteArray>
#include <QHashFunctions>

#include <string_view>

namespace msgsrv {

/// The secret that makes its holder a session's user: the name of the user's queue and the bearer token
/// of the session. `queue.` and 22 characters of base64url (132 random bits). Never parsed for meaning,
/// never logged: there is on purpose no streaming operator.
class ListeningKey
{
public:
    /// The empty key, which opens nothing.
    ListeningKey() = default;

    /// A fresh key from the system's random generator.
    [[nodiscard]] static ListeningKey generate();

    /// Takes what a client presented as it is, whatever it looks like: an unknown key is unknown, not
    /// malformed.
    [[nodiscard]] static ListeningKey fromPresented(std::string_view bytes)
    {
        return ListeningKey(QByteArray(bytes.data(), qsizetype(bytes.size())));
    }

    [[nodiscard]] const QByteArray &secret() const { return m_secret; }
    [[nodiscard]] bool isNull() const { return m_secret.isEmpty(); }

    friend bool operator==(const ListeningKey &a, const ListeningKey &b) { return a.m_secret == b.m_secret; }
    friend std::size_t qHash(const ListeningKey &key, std::size_t seed = 0) noexcept
    {
        return qHash(key.m_secret, seed);
    }

private:
    explicit ListeningKey(QByteArray secret)
        : m_secret(std::move(secret))
    { }
    QByteArray m_secret;
};

} // namespace msgsrv
