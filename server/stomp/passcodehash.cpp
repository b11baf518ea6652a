// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/stomp/passcodehash.h"

#include <QByteArray>

#include <argon2.h>

#include <array>
#include <charconv>
#include <optional>

namespace msgsrv {

namespace {

const char *const form = "must be an argon2id hash like $argon2id$v=19$m=4096,t=3,p=1$SALT$HASH";

/// Cuts off what stands before @p separator, or all when there is none.
std::string_view takeField(std::string_view &text, char separator)
{
    const std::size_t end = text.find(separator);
    const std::string_view field = text.substr(0, end);
    text.remove_prefix(end == text.npos ? text.size() : end + 1);
    return field;
}

/// A parameter like `m=4096`.
std::optional<std::uint32_t> parameter(std::string_view text, char name)
{
    if (text.size() < 3 || text[0] != name || text[1] != '=' || text[2] == '0')
        return std::nullopt;
    std::uint32_t value = 0;
    const char *const end = text.data() + text.size();
    const auto read = std::from_chars(text.data() + 2, end, value);
    if (read.ptr != end || read.ec == std::errc::invalid_argument)
        return std::nullopt;
    return read.ec == std::errc() ? value : UINT32_MAX;
}

/// Base64 without padding, of @p least to 64 bytes.
std::optional<std::string> decoded(std::string_view text, qsizetype least)
{
    const auto result
        = QByteArray::fromBase64Encoding(QByteArray(text.data(), qsizetype(text.size())),
                                         QByteArray::Base64Encoding | QByteArray::OmitTrailingEquals
                                             | QByteArray::AbortOnBase64DecodingErrors);
    if (!result || result.decoded.size() < least || result.decoded.size() > 64 || text.find('=') != text.npos)
        return std::nullopt;
    return result.decoded.toStdString();
}

} // namespace

tl::expected<PasscodeHash, std::string> PasscodeHash::parse(std::string_view phc)
{
    PasscodeHash hash;
    if (!takeField(phc, '$').empty() || takeField(phc, '$') != "argon2id" || takeField(phc, '$') != "v=19")
        return tl::make_unexpected(form);
    std::string_view parameters = takeField(phc, '$');
    const auto memory = parameter(takeField(parameters, ','), 'm');
    const auto passes = parameter(takeField(parameters, ','), 't');
    const auto lanes = parameter(takeField(parameters, ','), 'p');
    const auto salt = decoded(takeField(phc, '$'), 8);
    const auto output = decoded(phc, 16);
    if (!memory || !passes || !lanes || !parameters.empty() || !salt || !output)
        return tl::make_unexpected(form);

    const auto tooMuch = [](const char *what, std::uint32_t most) {
        return tl::make_unexpected(std::string("asks for too much: ") + what + " is " + std::to_string(most)
                                   + " at most");
    };
    if (*memory > mostMemory)
        return tooMuch("m (KiB)", mostMemory);
    if (*passes > mostPasses)
        return tooMuch("t", mostPasses);
    if (*lanes > mostLanes)
        return tooMuch("p", mostLanes);
    if (*memory < 8 * *lanes)
        return tl::make_unexpected(std::string("is no argon2id hash: m is less than eight times p"));
    hash.m_memory = *memory;
    hash.m_passes = *passes;
    hash.m_lanes = *lanes;
    hash.m_salt = *salt;
    hash.m_hash = *output;
    return hash;
}

PasscodeHash::Match PasscodeHash::verify(std::string_view presented) const
{
    const auto bytes = [](std::string &text) { return reinterpret_cast<std::uint8_t *>(text.data()); };
    std::string passcode(presented); // wiped by the library
    std::string salt = m_salt;
    std::array<std::uint8_t, 64> output{};
    argon2_context context{};
    context.out = output.data();
    context.outlen = std::uint32_t(m_hash.size());
    context.pwd = bytes(passcode);
    context.pwdlen = std::uint32_t(passcode.size());
    context.salt = bytes(salt);
    context.saltlen = std::uint32_t(salt.size());
    context.t_cost = m_passes;
    context.m_cost = m_memory;
    context.lanes = m_lanes;
    context.threads = 1;
    context.version = ARGON2_VERSION_13;
    context.flags = ARGON2_FLAG_CLEAR_PASSWORD;
    switch (argon2id_verify_ctx(&context, m_hash.data())) {
    case ARGON2_OK:
        return Match::Yes;
    case ARGON2_VERIFY_MISMATCH:
        return Match::No;
    default:
        return Match::Unknown;
    }
}

} // namespace msgsrv
