// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QByteArray>
#include <QHashFunctions>

#include <array>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace msgsrv {

/// The secret that makes its holder a session's user: the name of the user's queue and the bearer token
/// of the session. `queue.` and 22 characters of base64url (132 random bits). Never parsed for meaning,
/// never logged: there is on purpose no streaming operator.
///
/// Keys are told apart by their SHA-256, which is also all that a store keeps of them: one that comes from a
/// store equals the key that its client presents, but its secret is not known.
class ListeningKey
{
public:
    static constexpr std::size_t digestBytes = 32;
    using Digest = std::array<unsigned char, digestBytes>;

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

    /// The key whose digest() was kept.
    [[nodiscard]] static ListeningKey fromDigest(const Digest &digest) { return ListeningKey(digest); }

    /// Empty for the empty key, and for one that was made of a digest.
    [[nodiscard]] const QByteArray &secret() const { return m_secret; }
    /// SHA-256 of the secret; zeros for the empty key. Of no use to who wants to present it.
    [[nodiscard]] const Digest &digest() const { return m_digest; }
    [[nodiscard]] bool isNull() const { return m_digest == Digest{}; }

    friend bool operator==(const ListeningKey &a, const ListeningKey &b) { return a.m_digest == b.m_digest; }
    friend std::size_t qHash(const ListeningKey &key, std::size_t seed = 0) noexcept
    {
        std::uint64_t start = 0;
        std::memcpy(&start, key.m_digest.data(), sizeof start);
        return ::qHash(quint64(start), seed);
    }

private:
    explicit ListeningKey(QByteArray secret);
    explicit ListeningKey(const Digest &digest)
        : m_digest(digest)
    { }

    QByteArray m_secret;
    Digest m_digest{};
};

} // namespace msgsrv
