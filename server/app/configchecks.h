// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "server/app/config.h"

#include <tl/expected.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace msgsrv {

/// Rules for the values of single keys. The error is the end of a sentence that begins with the value.
using Checked = tl::expected<void, std::string>;

[[nodiscard]] Checked checkPath(std::string_view path);
[[nodiscard]] Checked checkWebSocketUrl(std::string_view url);
/// What OriginPolicy reads.
[[nodiscard]] Checked checkOrigin(std::string_view origin);
/// stun, stuns (RFC 7064), turn or turns (RFC 7065) with host, port and transport.
[[nodiscard]] Checked checkIceUrl(std::string_view url);

/// The content of a file of at most 1 MiB; the error is the end of a sentence that begins with its name.
[[nodiscard]] tl::expected<QByteArray, std::string> readSmallFile(const std::string &path);

/// A file's content without the line end that editors leave; an empty one is an error.
[[nodiscard]] tl::expected<QByteArray, std::string> readSecretFile(const std::string &path);

/// A rule that joins several keys: the key that is told as wrong, and a whole sentence without a full stop.
struct JointProblem
{
    std::string_view key;
    std::string sentence;
};

/// Checks what no key can tell alone, and reads the TLS files into @p config.
[[nodiscard]] std::vector<JointProblem> finishConfig(Config &config);

} // namespace msgsrv
