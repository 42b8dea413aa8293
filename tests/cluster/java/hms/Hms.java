import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Paths;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.Statement;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A Hive Metastore (2.3, 3.1 or 4.0, whichever is on the class path) on an embedded Derby database, bound to loopback:
 *
 * <pre>java -cp CLASSES:JARS:CONF Hms --dir DIR [--schema FILE.sql] [--port N] db=DIRECTORY [key=value ...]</pre>
 *
 * Prints "READY port" when it serves; at the end of its standard input it deletes DIR and halts. key=value become system properties,
 * which HiveConf and MetastoreConf both let override the files.
 */
public class Hms {
  public static final OutputStream NOWHERE = OutputStream.nullOutputStream();

  public static void main(String[] arguments) throws Throwable {
    String schema = null;
    String directory = null;
    int port = 0;
    Map<String, String> keys = new LinkedHashMap<>();
    for (int i = 0; i < arguments.length; i++) {
      if (arguments[i].equals("--schema")) schema = arguments[++i];
      else if (arguments[i].equals("--dir")) directory = arguments[++i];
      else if (arguments[i].equals("--port")) port = Integer.parseInt(arguments[++i]);
      else keys.put(arguments[i].split("=", 2)[0], arguments[i].split("=", 2)[1]);
    }
    boolean second = exists("org.apache.hadoop.hive.conf.HiveConf");
    boolean fourth = exists("org.apache.hadoop.hive.metastore.HMSHandler");
    String url = "jdbc:derby:;databaseName=" + keys.remove("db") + ";create=true";
    defaults(keys, url, schema != null, second);
    keys.forEach(System::setProperty);
    System.setProperty("derby.stream.error.field", "Hms.NOWHERE"); // no derby.log
    if (schema != null) createSchema(url, schema);
    anyIsLoopback();
    if (port == 0) {
      try (ServerSocket socket = new ServerSocket(0)) {
        port = socket.getLocalPort();
      }
    }
    serve(port, second, fourth);
    System.out.println("READY " + port);
    System.out.flush();
    BufferedReader input = new BufferedReader(new InputStreamReader(System.in));
    while (input.readLine() != null);
    String delete = "rm -rf \"$0\"; rmdir \"$(dirname \"$0\")\""; // the one above is empty when we are the last
    new ProcessBuilder("sh", "-c", delete, directory).start().waitFor(); // whoever started us is gone, or wants it gone
    Runtime.getRuntime().halt(0);
  }

  private static void defaults(Map<String, String> keys, String url, boolean scripted, boolean second) {
    keys.putIfAbsent("javax.jdo.option.ConnectionURL", url);
    keys.putIfAbsent("javax.jdo.option.ConnectionDriverName", "org.apache.derby.jdbc.EmbeddedDriver");
    keys.putIfAbsent("javax.jdo.option.ConnectionUserName", "APP");
    keys.putIfAbsent("javax.jdo.option.ConnectionPassword", "mine");
    keys.putIfAbsent("datanucleus.schema.autoCreateAll", String.valueOf(!scripted));
    keys.putIfAbsent("hive.metastore.schema.verification", String.valueOf(scripted));
    keys.putIfAbsent("datanucleus.connectionPoolingType", "HikariCP");
    keys.putIfAbsent("hive.metastore.expression.proxy",
        second ? "NoExpressions" : "org.apache.hadoop.hive.metastore.DefaultPartitionExpressionProxy");
    keys.putIfAbsent("hive.async.log.enabled", "false");
    keys.putIfAbsent("hive.in.test", "false");
    keys.putIfAbsent("hive.hmshandler.retry.attempts", "1"); // not ten times two seconds on an error of the database
    if (!second) {
      keys.putIfAbsent("metastore.task.threads.always", "org.apache.hadoop.hive.metastore.events.EventCleanerTask");
    }
  }

  /** Calls HiveMetaStore.startMetaStore, which all three have with other arguments, and waits until it listens. */
  private static void serve(int port, boolean second, boolean fourth) throws Exception {
    Class<?> type = Class.forName(second ? "org.apache.hadoop.hive.conf.HiveConf" : "org.apache.hadoop.conf.Configuration");
    Object conf = second
        ? type.getConstructor().newInstance()
        : Class.forName("org.apache.hadoop.hive.metastore.conf.MetastoreConf").getMethod("newMetastoreConf").invoke(null);
    if (second) Class.forName("org.apache.hadoop.hive.metastore.txn.TxnDbUtil").getMethod("prepDb", type).invoke(null, conf);
    Object bridge = second
        ? Class.forName("org.apache.hadoop.hive.shims.ShimLoader").getMethod("getHadoopThriftAuthBridge").invoke(null)
        : Class.forName("org.apache.hadoop.hive.metastore.security.HadoopThriftAuthBridge").getMethod("getBridge").invoke(null);
    Method longest = null;
    for (Method method : Class.forName("org.apache.hadoop.hive.metastore.HiveMetaStore").getMethods()) {
      boolean longer = longest == null || method.getParameterCount() > longest.getParameterCount();
      if (method.getName().equals("startMetaStore") && longer) longest = method;
    }
    Method start = longest;
    Lock lock = new ReentrantLock();
    AtomicBoolean serving = new AtomicBoolean();
    Object[] values = fourth
        ? new Object[] {port, bridge, conf, false, serving}
        : new Object[] {port, bridge, conf, lock, lock.newCondition(), serving};
    Thread thread = new Thread(() -> {
      try {
        start.invoke(null, values);
      } catch (Throwable error) {
        error.printStackTrace();
        Runtime.getRuntime().halt(3);
      }
    });
    thread.setDaemon(true);
    thread.start();
    for (;;) {
      try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
        return;
      } catch (IOException notYet) {
        Thread.sleep(20);
      }
    }
  }

  private static boolean exists(String name) {
    try {
      Class.forName(name, false, Hms.class.getClassLoader());
      return true;
    } catch (Throwable error) {
      return false;
    }
  }

  /** 2.3 and 3.1 bind the wildcard address and nothing else; needs --add-opens java.base/java.net=ALL-UNNAMED. */
  private static void anyIsLoopback() throws Exception {
    Field field = InetAddress.class.getDeclaredField("impl");
    field.setAccessible(true);
    Object implementation = field.get(null);
    Field any = implementation.getClass().getDeclaredField("anyLocalAddress");
    any.setAccessible(true);
    any.set(implementation, InetAddress.getLoopbackAddress());
  }

  private static void createSchema(String url, String file) throws Exception {
    try (Connection connection = DriverManager.getConnection(url, "APP", "mine"); Statement statement = connection.createStatement()) {
      try (ResultSet tables = connection.getMetaData().getTables(null, "APP", "DBS", null)) {
        if (tables.next()) return;
      }
      connection.setAutoCommit(false);
      StringBuilder text = new StringBuilder();
      for (String line : Files.readAllLines(Paths.get(file))) {
        String trimmed = line.trim();
        if (trimmed.isEmpty() || trimmed.startsWith("--")) continue;
        text.append(line).append('\n');
        if (trimmed.endsWith(";")) {
          String sql = text.toString().trim();
          text.setLength(0);
          statement.execute(sql.substring(0, sql.length() - 1));
        }
      }
      connection.commit();
    }
  }
}
