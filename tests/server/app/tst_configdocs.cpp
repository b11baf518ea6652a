// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/app/configkeys.h"
#include "server/app/configloader.h"
#include "server/app/options.h"

#include <QFile>
#include <QRegularExpression>
#include <QTest>

using namespace msgsrv;

/// Compares the documents about the configuration with the table of keys.
class TestConfigDocs : public QObject
{
    Q_OBJECT

private slots:
    void initTestCase();
    void everyKeyIsDocumentedAsItIs();
    void noOtherKeyIsDocumented();
    void everyOptionIsDocumented();
    void theShippedFileParsesAsItStands();
    void theShippedFileHasEveryKeyWithItsDefault();

private:
    static QByteArray read(const QString &path)
    {
        QFile file(path);
        return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
    }
    static QByteArray bytes(std::string_view text) { return QByteArray(text.data(), qsizetype(text.size())); }

    QByteArray m_document;
    QByteArray m_shipped;
};

void TestConfigDocs::initTestCase()
{
    m_document = read(QFINDTESTDATA("../docs/configuration.md"));
    m_shipped = read(QFINDTESTDATA("../resources/config/messaging-server.toml"));
    QVERIFY(!m_document.isEmpty());
    QVERIFY(!m_shipped.isEmpty());
}

void TestConfigDocs::everyKeyIsDocumentedAsItIs()
{
    for (const ConfigKey &key : configKeys()) {
        const QByteArray row = "\n| `" + bytes(key.name) + "` | " + bytes(key.type) + " | `"
            + bytes(key.defaultValue) + "` | " + bytes(key.meaning) + " |\n";
        QVERIFY2(m_document.contains(row), row.constData());
    }
}

void TestConfigDocs::noOtherKeyIsDocumented()
{
    const QRegularExpression rowHead(QStringLiteral("^\\| `([a-z_]+(?:\\.[a-z_]+)?)` \\|"),
                                     QRegularExpression::MultilineOption);
    auto matches = rowHead.globalMatch(QString::fromUtf8(m_document));
    std::size_t count = 0;
    while (matches.hasNext()) {
        const QString name = matches.next().captured(1);
        QVERIFY2(findKey(name.toStdString()), qPrintable(name));
        ++count;
    }
    QCOMPARE(count, configKeys().size());
}

void TestConfigDocs::everyOptionIsDocumented()
{
    const QRegularExpression option(QStringLiteral("^  (--[a-z-]+)"), QRegularExpression::MultilineOption);
    auto matches = option.globalMatch(QString::fromStdString(helpText()));
    int count = 0;
    while (matches.hasNext()) {
        const QString name = matches.next().captured(1);
        QVERIFY2(m_document.contains('`' + name.toUtf8()), qPrintable(name));
        ++count;
    }
    QCOMPARE(count, 6);
}

void TestConfigDocs::theShippedFileParsesAsItStands()
{
    ConfigSettings got;
    readToml(m_shipped.toStdString(), "shipped", got);
    QVERIFY(got.errors.empty());
    QVERIFY(got.settings.empty());
}

void TestConfigDocs::theShippedFileHasEveryKeyWithItsDefault()
{
    QString text = QString::fromUtf8(m_shipped);
    text.replace(QRegularExpression(QStringLiteral("^#([a-z_]+ = )"), QRegularExpression::MultilineOption),
                 QStringLiteral("\\1"));
    ConfigSettings got;
    readToml(text.toStdString(), "shipped", got);
    for (const ConfigError &error : got.errors)
        qWarning("%s", error.toString().c_str());
    QVERIFY(got.errors.empty());
    QCOMPARE(got.settings.size(), configKeys().size());
    for (const ConfigSetting &setting : got.settings) {
        const ConfigKey *key = findKey(setting.key);
        QVERIFY2(key, setting.key.c_str());
        QCOMPARE(bytes(toToml(setting.value)), bytes(key->defaultValue));
    }
    QVERIFY(loadConfig(std::move(got), {4, 4096}));
}

QTEST_APPLESS_MAIN(TestConfigDocs)
#include "tst_configdocs.moc"
