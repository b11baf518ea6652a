// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QByteArray>
#include <QHashFunctions>

#include <tl/expected.hpp>

#include <string_view>

namespace msgsrv {

/// Why bytes are no user id. The order may only grow at the end.
enum class UserIdError { Empty, TooLong, NotUtf8, ControlCharacter, OuterBlank };

/// One sentence for a person, e.g. for a problem's detail.
[[nodiscard]] const char *describe(UserIdError error);

/// A user's name: 1 to 128 bytes of valid UTF-8, without control characters (U+0000..U+001F,
/// U+007F..U+009F) and without leading or trailing blanks. Compared byte for byte. It has no grammar:
/// whoever puts it into one (a destination, a log line, SQL) escapes it there.
class UserId
{
public:
    static constexpr qsizetype maximumSize = 128;

    /// The empty id, which names nobody.
    UserId() = default;

    /// The only way to a non-empty id. Errors are checked in the order of UserIdError.
    [[nodiscard]] static tl::expected<UserId, UserIdError> parse(std::string_view bytes);

    [[nodiscard]] const QByteArray &bytes() const { return m_bytes; }
    [[nodiscard]] bool isNull() const { return m_bytes.isEmpty(); }

    friend bool operator==(const UserId &a, const UserId &b) { return a.m_bytes == b.m_bytes; }
    friend std::size_t qHash(const UserId &id, std::size_t seed = 0) noexcept
    {
        return qHash(id.m_bytes, seed);
    }

private:
    explicit UserId(QByteArray bytes)
        : m_bytes(std::move(bytes))
    { }
    QByteArray m_bytes;
};

} // namespace msgsrv
