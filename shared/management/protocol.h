// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "shared/base/clock.h"

#include <QLatin1String>

#include <cstddef>
#include <optional>

/// The words and numbers of the management protocol: docs/management-protocol.md.
namespace msgsrv::management {

constexpr int protocolMajor = 1; ///< a client of another major leaves
constexpr int protocolMinor = 0; ///< grows with what is added

/// What holds where nothing else is configured; a server's own limits are in its greeting.
namespace usual {
constexpr std::size_t line = 1024 * 1024; ///< bytes without the line feed, in either direction
constexpr seconds loginDeadline(10);
constexpr int rows = 1000; ///< of one view's range
constexpr int views = 16; ///< of one client
constexpr int subscriptions = 16; ///< of one client
constexpr int rate = 10; ///< deltas of one view in a second
constexpr int credit = 100'000; ///< events that one client may ask for ahead
constexpr int audit = 1000; ///< entries kept for audit.list
} // namespace usual

/// A view that does not change says so this often.
constexpr seconds quietInterval(5);
constexpr double leastRate = 0.1; ///< deltas a second
constexpr double defaultRate = 2;
constexpr std::chrono::minutes operationMemory(10); ///< how long a repeated `op` is known

/// Rights, each with all of those before it. The order may only grow at the end.
enum class Role { None, Observer, Operator, Admin };

/// In the order of the document. The values are on the wire.
enum class ErrorCode : int {
    NotJson = -32700,
    NotARequest = -32600,
    NoSuchMethod = -32601,
    BadParameters = -32602, ///< `data.parameter` names it
    Internal = -32603,
    LoginFirst = -32001,
    LoginRefused = -32002,
    Forbidden = -32003,
    NoSuchObject = -32004, ///< view, subscription, session or queue
    TooMany = -32005, ///< views or subscriptions
    BadFilter = -32006, ///< `data.at` is the offset in bytes
    Unsupported = -32007,
};

namespace method {
inline constexpr QLatin1String ping("ping");
inline constexpr QLatin1String login("login");
inline constexpr QLatin1String describe("rpc.describe");
inline constexpr QLatin1String serverStatus("server.status");
inline constexpr QLatin1String viewOpen("view.open");
inline constexpr QLatin1String viewChange("view.change");
inline constexpr QLatin1String viewClose("view.close");
inline constexpr QLatin1String flowOpen("flow.open");
inline constexpr QLatin1String logOpen("log.open");
inline constexpr QLatin1String subscriptionCredit("sub.credit");
inline constexpr QLatin1String subscriptionClose("sub.close");
inline constexpr QLatin1String logLevel("log.level");
inline constexpr QLatin1String seriesList("series.list");
inline constexpr QLatin1String seriesGet("series.get");
inline constexpr QLatin1String sessionClose("session.close");
inline constexpr QLatin1String queuePeek("queue.peek");
inline constexpr QLatin1String queuePurge("queue.purge");
inline constexpr QLatin1String auditList("audit.list");
} // namespace method

namespace notification {
inline constexpr QLatin1String hello("hello");
inline constexpr QLatin1String viewDelta("view.delta");
inline constexpr QLatin1String flowEvent("flow.event");
inline constexpr QLatin1String flowGap("flow.gap");
inline constexpr QLatin1String logLine("log.line");
inline constexpr QLatin1String logGap("log.gap");
} // namespace notification

/// "none", "observer", "operator", "admin".
[[nodiscard]] QLatin1String toString(Role role);
[[nodiscard]] std::optional<Role> roleFromName(QStringView name);

} // namespace msgsrv::management
