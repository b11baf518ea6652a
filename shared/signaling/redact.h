// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QByteArray>
#include <QJsonValue>

#include <string_view>

namespace msgsrv {

/// A relayed content for a person's eyes: ICE passwords (`a=ice-pwd`), SDES keys (`a=crypto`), what looks
/// like a listening key, and members named like a secret are replaced by `***`, also in JSON within strings.
/// @p contentJson is one JSON value; what is none comes out as null.
[[nodiscard]] QJsonValue redactedContent(std::string_view contentJson);

/// A client's address without its last part: 192.0.2.0/24, 2001:db8::/48. What is no address comes out empty.
[[nodiscard]] QByteArray maskedAddress(const QByteArray &address);

} // namespace msgsrv
