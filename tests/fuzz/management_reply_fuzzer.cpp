// SPDX-License-Identifier: GPL-3.0-or-later
//
// A server that says anything to the console. The first octet chooses how far the connection has come, the
// second where the stream is cut; the rest is what the server says. Checked: the models stay within their
// bounds and can be read, and the connection is in a state that it knows.
#include "admin-gui/client/connection.h"
#include "admin-gui/models/checklist.h"
#include "admin-gui/models/flowmodel.h"
#include "admin-gui/models/logmodel.h"
#include "admin-gui/models/remotetablemodel.h"
#include "admin-gui/models/sdp.h"
#include "admin-gui/models/verdict.h"

#include <QCoreApplication>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <vector>

using namespace msgsrv::console;

namespace {

void require(bool holds)
{
    if (!holds)
        std::abort();
}

class ServerSide final : public Wire
{
public:
    explicit ServerSide(ServerSide **self)
        : m_self(self)
    {
        *self = this;
    }
    ~ServerSide() override
    {
        if (*m_self == this)
            *m_self = nullptr;
    }
    void open() override { }
    void send(const QByteArray &) override { }
    void close() override { isOpen = false; }
    void come() { emit opened(); }
    void say(const QByteArray &bytes) { emit received(bytes); }

    bool isOpen = true;

private:
    ServerSide **const m_self;
};

void readAll(const QAbstractItemModel &model)
{
    const int rows = model.rowCount();
    require(rows >= 0 && rows <= 10'000'000);
    for (int row = 0; row < std::min(rows, 40); ++row) {
        for (int column = 0; column < model.columnCount(); ++column) {
            for (const int role : {int(Qt::DisplayRole), int(Qt::AccessibleTextRole), int(Qt::ToolTipRole),
                                   int(RawRole), int(ToneRole)})
                (void)model.index(row, column).data(role);
        }
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
    static int argc = 1;
    static char name[] = "fuzzer";
    static char *argv[] = {name, nullptr};
    static const QCoreApplication application(argc, argv);
    if (size < 2)
        return 0;
    const int stage = data[0] % 3;
    const qsizetype step = 1 + data[1];
    const QByteArray stream(reinterpret_cast<const char *>(data) + 2, qsizetype(size) - 2);

    ServerSide *wire = nullptr;
    Connection connection;
    RemoteTableModel table(connection, TableSpec::sessions());
    FlowModel flow(connection, nullptr, 50);
    LogModel log(connection, nullptr, 50);
    table.setActive(true);
    flow.setActive(true);
    log.setActive(true);
    flow.setPaused(true); // so that what comes is shown when we say
    log.setPaused(true);
    connection.open([&wire] { return std::make_unique<ServerSide>(&wire); },
                    {{QStringLiteral("scheme"), QStringLiteral("peer")}});
    wire->come();
    if (stage > 0)
        wire->say(
            R"({"jsonrpc":"2.0","method":"hello","params":{"protocol":{"major":1,"minor":0},"boot":"b"}})"
            "\n");
    // The requests of the console are numbered: 1 login, then one view.open, flow.open, log.open and ping, 2
    // to 5.
    if (stage > 1)
        wire->say(
            R"({"jsonrpc":"2.0","id":1,"result":{"role":"admin","user":"x","may":["ping"]}})"
            "\n"
            R"({"jsonrpc":"2.0","id":2,"result":{"view":1,"gen":1,"rev":1,"total":2,"columns":["id","user"],"rows":[["1","a"],["2","b"]]}})"
            "\n"
            R"({"jsonrpc":"2.0","id":3,"result":{"sub":1,"seq":0}})"
            "\n"
            R"({"jsonrpc":"2.0","id":4,"result":{"sub":2}})"
            "\n");
    for (qsizetype at = 0; at < stream.size() && wire && wire->isOpen; at += step)
        wire->say(stream.mid(at, step));
    flow.setPaused(false);
    log.setPaused(false);

    require(int(connection.state()) >= 0 && int(connection.state()) <= int(LinkState::Lost));
    for (const QAbstractItemModel *model :
         {static_cast<QAbstractItemModel *>(&table), static_cast<QAbstractItemModel *>(&flow),
          static_cast<QAbstractItemModel *>(&log)})
        readAll(*model);
    require(flow.rowCount() <= 50 && log.rowCount() <= 50);
    std::vector<const FlowMessage *> messages;
    for (int i = 0; i < flow.rowCount(); ++i) {
        messages.push_back(&flow.at(i));
        (void)Sdp::parse(Sdp::textIn(flow.at(i).payload));
        (void)IceCandidate::allIn(flow.at(i).payload);
    }
    (void)judge(messages, 1'700'000'000'000);
    (void)checkList(messages);
    connection.close();
    QCoreApplication::sendPostedEvents(nullptr, QEvent::DeferredDelete);
    return 0;
}
