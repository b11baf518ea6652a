// SPDX-License-Identifier: GPL-3.0-or-later
// What nearly every source includes, read once by `./dev tidy` (as a precompiled header) instead of by each
// of them.
#include <QtCore/QtCore>
#include <QtHttpServer/QtHttpServer>
#include <QtNetwork/QtNetwork>
#include <QtSql/QtSql>
#include <QtTest/QtTest>
#include <QtWebSockets/QtWebSockets>
#include <QtWidgets/QtWidgets>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <set>
#include <span>
#include <sstream>
#include <string>
#include <string_view>
#include <thread>
#include <tuple>
#include <unordered_map>
#include <unordered_set>
#include <variant>
#include <vector>

#include <tl/expected.hpp>
