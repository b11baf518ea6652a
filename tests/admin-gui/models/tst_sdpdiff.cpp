// SPDX-License-Identifier: GPL-3.0-or-later
#include "admin-gui/models/sdpdiff.h"

#include <QTest>

using namespace msgsrv::console;
using Kind = SdpDiffRow::Kind;

namespace {

QStringList written(const char *left, const char *right)
{
    QStringList rows;
    for (const SdpDiffRow &row : sdpDiff(Sdp::parse(QLatin1String(left)), Sdp::parse(QLatin1String(right)))) {
        switch (row.kind) {
        case Kind::Section:
            rows << QStringLiteral("[%1|%2]").arg(row.left, row.right);
            break;
        case Kind::Same:
            rows << QStringLiteral("= ") + row.left;
            break;
        case Kind::Changed:
            rows << QStringLiteral("! %1 | %2").arg(row.left, row.right);
            break;
        case Kind::OnlyLeft:
            rows << QStringLiteral("- ") + row.left;
            break;
        case Kind::OnlyRight:
            rows << QStringLiteral("+ ") + row.right;
            break;
        }
    }
    return rows;
}

} // namespace

class TestSdpDiff : public QObject
{
    Q_OBJECT

private slots:
    void equalOnesAreTheSame()
    {
        QCOMPARE(written("v=0\na=setup:actpass\n", "v=0\na=setup:actpass\n"),
                 (QStringList{QStringLiteral("[session|session]"), QStringLiteral("= v=0"),
                              QStringLiteral("= a=setup:actpass")}));
        QVERIFY(written("", "").isEmpty());
    }
    void aValueThatChangedIsOneRow()
    {
        QCOMPARE(written("v=0\na=setup:actpass\na=ice-lite", "v=0\na=setup:active\na=ice-lite"),
                 (QStringList{QStringLiteral("[session|session]"), QStringLiteral("= v=0"),
                              QStringLiteral("! a=setup:actpass | a=setup:active"),
                              QStringLiteral("= a=ice-lite")}));
    }
    void codecsAreToldApartByTheirNumber()
    {
        const QStringList rows = written("m=video 9 X 96 97\na=rtpmap:96 VP8/90000\na=rtpmap:97 rtx/90000",
                                         "m=video 9 X 96\na=rtpmap:96 H264/90000");
        QVERIFY(rows.contains(QStringLiteral("! m=video 9 X 96 97 | m=video 9 X 96")));
        QVERIFY(rows.contains(QStringLiteral("! a=rtpmap:96 VP8/90000 | a=rtpmap:96 H264/90000")));
        QVERIFY(rows.contains(QStringLiteral("- a=rtpmap:97 rtx/90000")));
    }
    void aSectionThatIsMissingIsSaid()
    {
        const QStringList rows
            = written("v=0\nm=audio 9 X 0\na=mid:0", "v=0\nm=audio 9 X 0\na=mid:0\nm=video 9 X 96\na=mid:1");
        QCOMPARE(rows.last(), QStringLiteral("+ a=mid:1"));
        QVERIFY(rows.contains(QStringLiteral("[|video (mid 1)]")));
    }
    void hugeOnesAreBounded()
    {
        QString many = QStringLiteral("v=0\n");
        for (int i = 0; i < 5000; ++i)
            many += QStringLiteral("a=x:%1\n").arg(i);
        QVERIFY(sdpDiff(Sdp::parse(many), Sdp::parse(QStringLiteral("v=0\na=y:1\n"))).size() < 600);
    }
};

QTEST_GUILESS_MAIN(TestSdpDiff)
#include "tst_sdpdiff.moc"
