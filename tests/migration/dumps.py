"""Small dumps in the shapes that dujiaoka 2 and acg-faka 3 publish, as mysqldump writes them."""

DUJIAOKA = r"""-- MySQL dump 10.13  Distrib 8.0.32
/*!40101 SET NAMES utf8mb4 */;

DROP TABLE IF EXISTS `carmis`;
/*!40101 SET character_set_client = utf8 */;
CREATE TABLE `carmis` (
  `id` bigint NOT NULL AUTO_INCREMENT,
  `goods_id` int NOT NULL COMMENT '所属商品; it''s',
  `status` tinyint(1) NOT NULL DEFAULT '1' COMMENT '状态 1未售出 2已售出',
  `is_loop` tinyint(1) NOT NULL DEFAULT '0' COMMENT '循环卡密 1是 0否',
  `carmi` text COLLATE utf8_unicode_ci NOT NULL COMMENT '卡密',
  `created_at` timestamp NULL DEFAULT NULL,
  `updated_at` timestamp NULL DEFAULT NULL,
  `deleted_at` timestamp NULL DEFAULT NULL,
  PRIMARY KEY (`id`),
  KEY `idx_goods_id` (`goods_id`) USING BTREE
) ENGINE=InnoDB AUTO_INCREMENT=17 DEFAULT CHARSET=utf8 COLLATE=utf8_unicode_ci COMMENT='卡密表';

LOCK TABLES `carmis` WRITE;
INSERT INTO `carmis` VALUES (1,1,1,0,'DJ-A\'1-{mark}',NULL,NULL,NULL),
(2,1,1,0,'DJ-A;2),(\\-{mark}','2024-01-01 00:00:00',NULL,NULL),
(3,1,1,0,'DJ-A;2),(\\-{mark}',NULL,NULL,NULL),
(4,1,2,0,'DJ-SOLD-{mark}',NULL,NULL,NULL),
(5,1,1,0,'DJ-GONE-{mark}',NULL,NULL,'2024-01-01 00:00:00'),
(6,1,1,0,'two\r\nlines {mark}',NULL,NULL,NULL),
(7,2,1,0,'me{mark}@example.com----pa''ss,1',NULL,NULL,NULL),
(8,3,1,1,'DJ-LOOP-{mark}',NULL,NULL,NULL),
(9,99,1,0,'DJ-ORPHAN-{mark}',NULL,NULL,NULL);
UNLOCK TABLES;
CREATE TABLE `emailtpls` (
  `id` int NOT NULL,
  `tpl_content` text NOT NULL
);
INSERT INTO `emailtpls` VALUES (1,'it\'s; INSERT INTO `goods` VALUES (7)');
CREATE TABLE `goods` (
  `id` int NOT NULL AUTO_INCREMENT,
  `group_id` int NOT NULL,
  `gd_name` varchar(200) NOT NULL COMMENT '商品名称',
  `gd_description` varchar(200) NOT NULL,
  `retail_price` decimal(10,2) DEFAULT '0.00',
  `actual_price` decimal(10,2) NOT NULL DEFAULT '0.00',
  `type` tinyint(1) NOT NULL DEFAULT '1' COMMENT '商品类型  1自动发货 2人工处理',
  `description` text,
  `deleted_at` timestamp NULL DEFAULT NULL,
  PRIMARY KEY (`id`)
) ENGINE=InnoDB;
INSERT INTO `goods` VALUES (1,1,'视频会员{mark}','月卡',30.00,19.90,1,'<p>一个月<br>自动发货</p>',NULL),
(2,1,'账号{mark}','',0.00,5.00,1,'',NULL);
INSERT INTO `goods` (`id`,`group_id`,`gd_name`,`gd_description`,`actual_price`,
`type`,`deleted_at`) VALUES
(3,1,'通用码{mark}','',1.00,1,NULL),(4,1,'代充{mark}','',8.00,2,NULL),(5,1,'旧货','',8.00,1,'2023-01-01 00:00:00');
CREATE TABLE `orders` (
  `id` bigint NOT NULL,
  `order_sn` varchar(150) NOT NULL,
  `actual_price` decimal(10,2) NOT NULL,
  `email` varchar(200) NOT NULL,
  `info` text,
  `created_at` timestamp NULL DEFAULT NULL
);
INSERT INTO `orders` VALUES (1,'SN{mark}1',19.90,'buyer@example.com','DJ-SOLD-{mark}','2024-02-03 04:05:06');
"""

ACG = r"""SET NAMES utf8mb4;
CREATE TABLE `acg_card`  (
  `id` int UNSIGNED NOT NULL AUTO_INCREMENT COMMENT '主键id',
  `owner` int UNSIGNED NOT NULL DEFAULT 0,
  `commodity_id` int UNSIGNED NOT NULL,
  `draft` varchar(255) NULL DEFAULT NULL,
  `secret` varchar(760) NOT NULL COMMENT '卡密信息',
  `create_time` datetime NOT NULL,
  `purchase_time` datetime NULL DEFAULT NULL,
  `order_id` int UNSIGNED NULL DEFAULT NULL,
  `status` tinyint UNSIGNED NOT NULL DEFAULT 0 COMMENT '状态：0=未出售，1=已出售，2=已锁定',
  `note` varchar(64) NULL DEFAULT NULL,
  `race` varchar(32) NULL DEFAULT NULL,
  PRIMARY KEY (`id`) USING BTREE,
  INDEX `owner`(`owner` ASC) USING BTREE
) ENGINE = InnoDB;
INSERT INTO `acg_card` VALUES (1, 0, 7, NULL, 'ACG-M1-{mark}', '2024-01-01 00:00:00', NULL, NULL, 0, NULL, '月卡');
INSERT INTO `acg_card` VALUES (2, 0, 7, NULL, 'ACG-Y1-{mark}', '2024-01-01 00:00:00', NULL, NULL, 0, NULL, '年卡');
INSERT INTO `acg_card` VALUES (3, 0, 7, NULL, 'ACG-Y2-{mark}', '2024-01-01 00:00:00', NULL, NULL, 2, NULL, '年卡');
INSERT INTO `acg_card` VALUES (4, 5, 7, NULL, 'ACG-X-{mark}', '2024-01-01 00:00:00', NULL, NULL, 0, NULL, '年卡');
CREATE TABLE `acg_commodity`  (
  `id` int UNSIGNED NOT NULL AUTO_INCREMENT,
  `name` varchar(255) NOT NULL,
  `description` text NULL,
  `factory_price` decimal(10, 2) UNSIGNED NOT NULL DEFAULT 0.00,
  `price` decimal(10, 2) UNSIGNED NOT NULL DEFAULT 0.00,
  `owner` int UNSIGNED NOT NULL DEFAULT 0,
  `delivery_way` tinyint UNSIGNED NOT NULL DEFAULT 0,
  `config` text NULL,
  PRIMARY KEY (`id`) USING BTREE
) ENGINE = InnoDB;
INSERT INTO `acg_commodity` VALUES
(7, '音乐{mark}', '<p>好</p>', 3.50, 9.00, 0, 0, '[category]\r\n月卡=9.00\r\n年卡=88\r\n[wholesale]\r\n5=8');
CREATE TABLE `acg_user_commodity` (
  `id` int NOT NULL
);
INSERT INTO `acg_user_commodity` VALUES (1);
INSERT INTO `acg_order` (`id`, `trade_no`, `amount`, `commodity_id`, `secret`, `create_time`) VALUES
(1, '1234567890123456789', 9.00, 7, 'ACG-S', NOW());
"""
