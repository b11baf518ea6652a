// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "shared/base/buckettable.h"

#include <QHostAddress>

namespace msgsrv {

/// What counts as one client address where limits are kept per address: an IPv4 address (also when it comes
/// IPv4-mapped), or the /64 of an IPv6 address, which is the least that a site or a subscriber gets and so
/// holds as many addresses as its owner likes (RFC 6177). A null address is a block of its own.
[[nodiscard]] BucketKey addressBlock(const QHostAddress &address);

} // namespace msgsrv
