// SPDX-License-Identifier: GPL-3.0-or-later
#include "shared/signaling/userid.h"

#include "shared/base/utf8.h"

#include <QChar>

namespace msgsrv {

namespace {

constexpr bool isControl(char32_t c)
{
    return c <= 0x1F || (c >= 0x7F && c <= 0x9F);
}

bool isBlank(char32_t c)
{
    return QChar::category(c) == QChar::Separator_Space;
}

} // namespace

const char *describe(UserIdError error)
{
    switch (error) {
    case UserIdError::Empty:
        return "A user id must not be empty.";
    case UserIdError::TooLong:
        return "A user id must not be longer than 128 bytes of UTF-8.";
    case UserIdError::NotUtf8:
        return "A user id must be well-formed UTF-8.";
    case UserIdError::ControlCharacter:
        return "A user id must not contain control characters.";
    case UserIdError::OuterBlank:
        return "A user id must not begin or end with a blank.";
    }
    Q_UNREACHABLE();
}

tl::expected<UserId, UserIdError> UserId::parse(std::string_view bytes)
{
    if (bytes.empty())
        return tl::unexpected(UserIdError::Empty);
    if (bytes.size() > std::size_t(maximumSize))
        return tl::unexpected(UserIdError::TooLong);

    bool hasControl = false;
    char32_t first = 0;
    char32_t last = 0;
    for (std::size_t at = 0; at < bytes.size();) {
        const Utf8Step step = decodeUtf8(bytes, at);
        if (!step.isValid)
            return tl::unexpected(UserIdError::NotUtf8);
        hasControl = hasControl || isControl(step.codePoint);
        if (at == 0)
            first = step.codePoint;
        last = step.codePoint;
        at += step.size;
    }
    if (hasControl)
        return tl::unexpected(UserIdError::ControlCharacter);
    if (isBlank(first) || isBlank(last))
        return tl::unexpected(UserIdError::OuterBlank);
    return UserId(QByteArray(bytes.data(), qsizetype(bytes.size())));
}

} // namespace msgsrv
